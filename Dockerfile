# The image in which every stage runs. docs/containers.md explains how to build, share and use it.
#
# The digest was found in two independent public Dockerfiles; the authors could not pull it. Any Debian or Ubuntu with
# Python 3.11 to 3.13 can replace it. With DEVICE=cpu the image contains no CUDA.
ARG BASE_IMAGE=nvidia/cuda:13.0.3-cudnn-runtime-ubuntu24.04@sha256:14f6d08d1cd4a96effbfe3101d0b56326f552c199d05e4979ee0bd616df5811b

FROM ${BASE_IMAGE} AS system
RUN command -v python3 >/dev/null && python3 -c 'import ensurepip' \
    || { apt-get update && DEBIAN_FRONTEND=noninteractive \
         apt-get install -y --no-install-recommends python3 python3-venv ca-certificates; }
# Remove the base's CUDA libraries, so that there is one set: the pinned wheels, which have exactly the versions that
# torch was built with. The driver compatibility package stays; it is not one of these libraries.
RUN cuda=$(dpkg-query -W -f '${Package}\n' \
      | grep -E '^(cuda-.*|lib.*-1[0-9]-[0-9]+|libcudnn.*|libnccl.*)$' | grep -v '^cuda-compat' || true); \
    if [ -n "$cuda" ]; then apt-get purge -y --allow-change-held-packages $cuda; fi; \
    rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/* /var/cache/ldconfig /root/.cache

# Copy into an empty image, so that removed files take no space.
FROM scratch
COPY --from=system / /
ENV PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PYTHONPATH=/opt/xtreme-bench \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HUB_OFFLINE=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin xtreme-bench
# cuda: torch's and ONNX Runtime's GPU builds with their libraries. cpu: the CPU builds.
ARG DEVICE=cuda
COPY requirements.lock requirements-${DEVICE}.lock /opt/locks/
# Compiled files depend on content, not on time (`-f` also redoes those that venv made): equal sources give equal files.
# `true`: some packages contain files that do not compile on purpose. Twice: a download of gigabytes may break off.
RUN python3 -m venv /opt/venv \
    && for lock in requirements-${DEVICE}.lock requirements.lock; do \
         install="pip install --no-deps --no-cache-dir --no-compile --require-hashes -r /opt/locks/$lock"; \
         $install || $install || exit 1; \
       done \
    && { python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash /opt/venv/lib >/dev/null || true; }
# After a code change only the layers from here on are built again, which takes seconds.
COPY xtreme_bench /opt/xtreme-bench/xtreme_bench
RUN python -m compileall -q --invalidation-mode unchecked-hash /opt/xtreme-bench
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title=xtreme-bench \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["python", "-m", "xtreme_bench.cli"]
