/** Holds answers against the API document: is this status, content type and body one that the document knows for this request? */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../../src/api/document/openapi.ts';
import { declaredRoutes, packageVersion } from '../../../config/tooling/declared-routes.ts';

export interface SeenAnswer {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
}

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> } | undefined>>;
}

export class ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly #templates: readonly { readonly template: string; readonly pattern: RegExp }[];
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: object) {
    this.paths = (document as { paths: ApiDocument['paths'] }).paths;
    this.#ajv.addSchema({ ...document, $id: 'document' });
    this.#templates = Object.keys(this.paths)
      .toSorted((a, b) => a.split('{').length - b.split('{').length)
      .map((template) => ({
        template,
        pattern: new RegExp(`^${template.replaceAll('.', String.raw`\.`).replaceAll(/\{\w+\}/g, '[^/]*')}$`),
      }));
  }

  /** What is wrong with the answer; undefined when the document knows it. */
  fault(answer: SeenAnswer): string | undefined {
    const what = `${answer.method} ${answer.path} → ${answer.status} ${answer.contentType ?? 'without content type'}`;
    const template = this.templateOf(answer.path);
    const method = answer.method === 'HEAD' ? 'get' : answer.method.toLowerCase();
    const operation = template === undefined ? undefined : this.paths[template]?.[method];
    if (template === undefined) return answer.status === 404 ? this.#problem(answer) : undefinedPath(what, answer);
    // What the server refuses before it looks at the path and method is the same everywhere.
    if (operation === undefined)
      return [400, 405, 408, 415, 417, 431].includes(answer.status)
        ? this.#problem(answer)
        : `${what}: only 405 is expected`;
    // A route whose answers are not described yet: the completeness test names it.
    if (operation.responses['default'] !== undefined) return undefined;
    const response = operation.responses[answer.status];
    if (response === undefined)
      return `${what}: the status is not in the document; known are ${Object.keys(operation.responses).join(', ')}: ${answer.body.slice(0, 300)}`;
    const type = answer.contentType?.split(';')[0]?.trim() ?? '';
    if (response.content?.[type] === undefined)
      return `${what}: the content type is not in the document; known are ${Object.keys(response.content ?? {}).join(', ')}`;
    if (answer.method === 'HEAD' || !/^application\/(.*\+)?json$/.test(type)) return undefined;
    const validate = this.#validator(
      ['paths', template, method, 'responses', String(answer.status), 'content', type, 'schema'].map(pointerStep),
    );
    return this.#fits(validate, answer.body) ?? undefined;
  }

  templateOf(path: string): string | undefined {
    return this.#templates.find(({ pattern }) => pattern.test(path))?.template;
  }

  #problem(answer: SeenAnswer): string | undefined {
    if (answer.contentType !== 'application/problem+json')
      return `${answer.method} ${answer.path} → ${answer.status}: ${answer.contentType ?? 'nothing'} is no problem`;
    return answer.method === 'HEAD'
      ? undefined
      : this.#fits(this.#validator(['components', 'schemas', 'Problem']), answer.body);
  }

  #validator(steps: readonly string[]): ValidateFunction {
    const pointer = `document#/${steps.join('/')}`;
    const there = this.#validators.get(pointer) ?? this.#ajv.compile({ $ref: pointer });
    this.#validators.set(pointer, there);
    return there;
  }

  #fits(validate: ValidateFunction, body: string): string | undefined {
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      return `the body is not JSON: ${body.slice(0, 300)}`;
    }
    if (validate(value)) return undefined;
    return `the body does not fit the document: ${this.#ajv.errorsText(validate.errors)}: ${body.slice(0, 600)}`;
  }
}

/** Of the routes of this source. */
export const apiDocument = (): ApiDocument =>
  (ours ??= new ApiDocument(openApiDocument(declaredRoutes(), packageVersion())));
let ours: ApiDocument | undefined;

const undefinedPath = (what: string, { status }: SeenAnswer): string | undefined =>
  [400, 408, 415, 417, 431].includes(status) ? undefined : `${what}: no such path is in the document`;

/** A JSON pointer inside a URI fragment. */
const pointerStep = (step: string): string => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'));
