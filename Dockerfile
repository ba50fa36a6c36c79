# Needs glibc: onnxruntime-node has no binaries for Alpine.
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
# No package needs its install script: binaries are in the packages, and onnxruntime-node's would download CUDA.
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
RUN npm run build
# TypeScript stays as the peer of a package, and ONNX Runtime comes with the libraries of five other platforms.
RUN npm prune --omit=dev --ignore-scripts \
    && rm -r node_modules/typescript node_modules/@typescript \
    && cd node_modules/onnxruntime-node/bin/napi-v* \
    && find . -mindepth 2 -maxdepth 2 ! -path "./linux/$(node -p process.arch)" -exec rm -r {} +

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="onnx-predict" \
      org.opencontainers.image.description="Names what is in pictures and summarizes texts, over HTTP" \
      org.opencontainers.image.licenses="MIT"
# Node as the first process would ignore a second SIGTERM, and reap no orphans.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY bin bin
COPY models models
COPY scripts/check-health.js scripts/check-health.js
COPY package.json LICENSE ./
# A new volume takes over the owner of the folder that it covers.
RUN install --directory --owner=1000 --group=1000 /data

# Models of the Hugging Face Hub are kept in the volume. In a container all addresses have to be listened on, or no port could be
# published; who may reach it is decided by what publishes it, and by
# ONNX_PREDICT_API_KEYS who may use it: see docs/containers.md.
ENV NODE_ENV=production \
    HF_HOME=/data \
    ONNX_PREDICT_PREPARED_DIR=/data/onnx-predict/prepared \
    ONNX_PREDICT_HOST=0.0.0.0 \
    ONNX_PREDICT_INSECURE=1 \
    ONNX_PREDICT_PORT=8000
VOLUME /data
EXPOSE 8000
USER 1000:1000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["node", "scripts/check-health.js"]
ENTRYPOINT ["tini", "--", "node", "bin/onnx-predict.js"]
CMD ["serve"]
