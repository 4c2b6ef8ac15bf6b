# One image for every process of Nightshift; the command says which:
#   node apps/api/dist/main.js                     the API (the default)
#   node apps/worker/dist/main.js                  a worker
#   node apps/cli/dist/main.js migrate up          the migrations, once before a new version

# Only what npm looks at: the dependencies are installed again when these files change, not with every edit.
FROM node:20-bookworm-slim AS manifests
WORKDIR /app
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete

FROM node:20-bookworm-slim AS dependencies
WORKDIR /app
COPY --from=manifests /app ./
# The optional ones are the bundled Postgres of `npm start` and native speed-ups.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY --from=manifests /app ./
RUN npm ci --include=dev --include=optional --ignore-scripts
COPY . .
RUN npx tsc -b && rm -rf packages/*/src packages/*/node_modules apps/*/src apps/*/node_modules

FROM node:20-bookworm-slim AS runtime
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000
WORKDIR /app
COPY --from=dependencies /app ./
COPY --from=build /app/packages ./packages
COPY --from=build /app/apps ./apps
COPY migrations ./migrations
USER node
EXPOSE 3000
# Of the API. A worker has no port: it ends itself when it loses its lease, and the restart policy starts it again.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/api/dist/main.js"]
