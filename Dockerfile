# Multi-stage: compile with the development dependencies, run with the others. The base is an argument so that a local image can stand in.
ARG BASE=node:24-slim

FROM ${BASE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && npm prune --omit=dev --omit=optional

FROM ${BASE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json ./
RUN mkdir -p /var/lib/sluice && chown 1000:1000 /var/lib/sluice
USER 1000:1000
VOLUME /var/lib/sluice
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:8080/livez').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# As bin/sluice, which says why.
ENV UV_THREADPOOL_SIZE=24
ENTRYPOINT ["node", "--initial-heap-size=256", "--enable-source-maps", "/app/dist/main.js"]
CMD ["run", "-c", "/etc/sluice/sluice.yaml"]
