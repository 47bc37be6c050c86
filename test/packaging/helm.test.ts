/** The Helm chart: linted, rendered, and what it renders is right: a configuration the daemon takes, and pods that stop and start as it needs. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { formatFault, parseSettings } from '../../src/config/load.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const CHART = fileURLToPath(new URL('../../deploy/helm/sluice', import.meta.url));
const run = promisify(execFile);

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

function helm(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const binary = process.env['SLUICE_HELM_BIN'];
  if (binary === undefined) throw new Error('SLUICE_HELM_BIN is not set: .ci/provision/helm.sh prints it');
  const home = folder.path;
  const env = { ...process.env, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
  return run(binary, args, { env, maxBuffer: 16 * 1024 * 1024 });
}

/** As much of Kubernetes' kinds as is looked at. */
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly serviceName?: string;
    readonly selector?: Labels & { readonly matchLabels?: Labels };
    readonly podSelector?: { readonly matchLabels?: Labels };
    readonly template?: Pod;
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
}

type Labels = Readonly<Record<string, unknown>>;

interface Pod {
  readonly metadata: { readonly labels: Labels };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly securityContext: object;
    readonly terminationGracePeriodSeconds: number;
    readonly containers: readonly [Container];
    readonly volumes: readonly {
      readonly name: string;
      readonly configMap?: { readonly name: string };
      readonly secret?: { readonly secretName: string };
    }[];
  };
}

interface Container {
  readonly args: readonly string[];
  readonly ports: readonly { readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: object;
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

async function render(values: string): Promise<readonly Manifest[]> {
  const file = join(folder.path, 'values.yaml');
  await writeFile(file, values);
  const { stdout } = await helm('template', 'demo', CHART, '--kube-version', '1.31', '-f', file);
  return parseAllDocuments(stdout).flatMap((document) => {
    expect(document.errors).toEqual([]);
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

function only(manifests: readonly Manifest[], kind: string): Manifest {
  const found = manifests.filter((manifest) => manifest.kind === kind);
  expect(found.map(({ kind }) => kind)).toEqual([kind]);
  return found[0] as Manifest;
}

const EVERYTHING = `
replicaCount: 2
image: { repository: registry.example/sluice, digest: 'sha256:${'a'.repeat(64)}' }
imagePullSecrets: [{ name: pull }]
config:
  warehouse: s3://lake/warehouse
  storage: { s3: { region: '\${env:SLUICE_REGION}', access_key_id: id, secret_access_key: '\${file:/run/secrets/sluice/key}' } }
  tables: [{ name: web.clicks, schema: [{ name: id, type: long, required: true }] }]
env: [{ name: SLUICE_REGION, value: eu-central-1 }]
secret: { data: { key: very-secret } }
serviceAccount: { annotations: { eks.amazonaws.com/role-arn: 'arn:aws:iam::1:role/x' } }
persistence: { storageClass: fast, annotations: { a: b } }
service: { type: LoadBalancer, annotations: { a: b } }
networkPolicy: { enabled: true, from: [{ namespaceSelector: {} }] }
serviceMonitor: { enabled: true, labels: { release: prometheus }, credentials: { name: scraper, key: key } }
podAnnotations: { a: b }
podLabels: { a: b }
nodeSelector: { a: b }
tolerations: [{ operator: Exists }]
affinity: { podAntiAffinity: {} }
topologySpreadConstraints: [{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway }]
priorityClassName: high
watchConfig: false
`;
const VARIANTS: readonly (readonly [string, string])[] = [
  ['the defaults', ''],
  ['everything', EVERYTHING],
];

test.each(VARIANTS)('lint is content with %s', async (_name, values) => {
  const file = join(folder.path, 'lint.yaml');
  await writeFile(file, values);
  await expect(helm('lint', '--strict', CHART, '--kube-version', '1.31', '-f', file)).resolves.toBeDefined();
});

describe.each(VARIANTS)('%s', (_name, values) => {
  let manifests: readonly Manifest[];
  let set: NonNullable<Manifest['spec']>;
  let pod: Pod;
  let container: Container;
  beforeAll(async () => {
    manifests = await render(values);
    set = only(manifests, 'StatefulSet').spec ?? {};
    pod = set.template as Pod;
    [container] = pod.spec.containers;
  });

  test('the configuration is one that the daemon takes', () => {
    const text = only(manifests, 'ConfigMap').data?.['sluice.yaml'] ?? '';
    const env = { SLUICE_POD: 'demo-sluice-0', SLUICE_REGION: 'eu-central-1' };
    const loaded = parseSettings(text, 'sluice.yaml', { env, readFile: () => 'key', directory: '/' });
    expect(loaded.kind === 'invalid' ? loaded.faults.map(formatFault) : []).toEqual([]);
    const mounts = new Map<string, string>(container.volumeMounts.map((mount) => [mount.name, mount.mountPath]));
    expect(loaded).toMatchObject({
      settings: {
        pipeline: 'demo-sluice-0',
        dataDir: mounts.get('data'),
        server: { port: container.ports[0]?.containerPort },
      },
    });
    expect(container.args).toEqual([
      'run',
      '-c',
      `${mounts.get('config')}/sluice.yaml`,
      ...(values === '' ? ['--watch'] : []),
    ]);
  });

  test('every selector finds the pods, and every name that is referred to is there', () => {
    const selectors = manifests.flatMap(({ spec: { selector, podSelector } = {} }) => {
      const labels = podSelector?.matchLabels ?? selector?.matchLabels ?? selector;
      return labels === undefined || 'app.kubernetes.io/component' in labels ? [] : [labels];
    });
    expect(selectors.length).toBeGreaterThanOrEqual(4);
    for (const selector of selectors) expect(pod.metadata.labels).toMatchObject(selector);
    const names = new Set(manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
    expect(names).toContain(`Service/${set.serviceName}`);
    expect(names).toContain(`ServiceAccount/${pod.spec.serviceAccountName}`);
    for (const { configMap, secret } of pod.spec.volumes) {
      if (configMap !== undefined) expect(names).toContain(`ConfigMap/${configMap.name}`);
      if (secret !== undefined) expect(names).toContain(`Secret/${secret.secretName}`);
    }
    const volumes = [...pod.spec.volumes, ...(set.volumeClaimTemplates ?? []).map((claim) => claim.metadata)];
    const given = volumes.map(({ name }) => name).sort();
    expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(given);
    expect(manifests.length).toBe(names.size);
  });

  test('pods run as nobody on a read-only root and are not killed before their grace', () => {
    expect(pod.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10_001 });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThan(50);
    expect(
      [container.startupProbe, container.livenessProbe, container.readinessProbe].map((probe) => probe.httpGet),
    ).toEqual([
      { path: '/readyz', port: 'http' },
      { path: '/livez', port: 'http' },
      { path: '/readyz', port: 'http' },
    ]);
  });
});

test('what is not asked for is not there; what is, is', async () => {
  const kinds = async (values: string) => (await render(values)).map(({ kind }) => kind).sort();
  expect(await kinds('')).toEqual([
    'ConfigMap',
    'PodDisruptionBudget',
    'Service',
    'Service',
    'ServiceAccount',
    'StatefulSet',
  ]);
  expect(await kinds(EVERYTHING)).toEqual([
    'ConfigMap',
    'NetworkPolicy',
    'PodDisruptionBudget',
    'Secret',
    'Service',
    'Service',
    'ServiceAccount',
    'ServiceMonitor',
    'StatefulSet',
  ]);
  expect(
    await kinds(
      'secret: { existing: mine }\nserviceAccount: { create: false }\npodDisruptionBudget: { enabled: false }',
    ),
  ).toEqual(['ConfigMap', 'Service', 'Service', 'StatefulSet']);
});

test.each([
  [
    'a grace that ends before the last checkpoint',
    'terminationGracePeriodSeconds: 50',
    /killed before its last checkpoint.*50 seconds/s,
  ],
  ['the same with a longer grace of the daemon', 'config: { server: { shutdown_grace: 1.2m } }', /77 seconds/],
  ['an unknown value', 'replicas: 2', /replicas/],
  ['a value of the wrong type', 'replicaCount: two', /replicaCount/],
  ['a listen address that the probes would not find', 'config: { server: { listen: "127.0.0.1:1" } }', /listen/],
])('%s is refused', async (_name, values, message) => {
  await expect(render(values)).rejects.toThrow(message);
});
