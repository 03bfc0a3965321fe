# Countersign: one image for every process; the command says which. See docs/operations.md.
FROM node:24.21.0-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# A workspace that only names packages.
COPY service ./service
RUN npm ci --no-audit --no-fund
# What .dockerignore lets through.
COPY . .
RUN npm run build
# Bundled here once, so that a worker starts at once and on a read-only file system.
RUN node scripts/bundle-workflows.ts /var/lib/countersign
RUN npm prune --omit=dev --no-audit --no-fund

FROM node:24.21.0-trixie-slim
ENV NODE_ENV=production \
    COUNTERSIGN_HOME=/var/lib/countersign
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=build /app/service ./service
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /var/lib/countersign /var/lib/countersign
# Where the signer and the witness remember: their volumes begin as these.
RUN install -d -o 1000 -g 1000 -m 0700 /var/lib/countersign/signer /var/lib/countersign/witness
# The image's own unprivileged user. Nothing else above belongs to it: what runs cannot change what runs.
USER 1000:1000
EXPOSE 8080 8090
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["--help"]
