# fastflow with Docker's command line and Compose, for CI systems that run steps in containers: docs/how-to/install.md
ARG BASE=python:3.13-slim
ARG DOCKER=docker:28-cli

FROM $DOCKER AS docker

FROM $BASE AS build
COPY . /source
RUN python3 -m pip install --no-cache-dir --no-compile --target /package /source

FROM $BASE
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="fastflow" \
      org.opencontainers.image.description="Runs security tests of concurrent CI/CD workflows from one declared file" \
      org.opencontainers.image.url="https://github.com/fastflow-ci/fastflow" \
      org.opencontainers.image.source="https://github.com/fastflow-ci/fastflow" \
      org.opencontainers.image.documentation="https://fastflow-ci.github.io/fastflow/latest/" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
COPY --from=docker /usr/local/bin/docker /usr/local/bin/docker
COPY --from=docker /usr/local/libexec/docker/cli-plugins/docker-compose /usr/local/libexec/docker/cli-plugins/docker-compose
COPY --from=build /package /opt/fastflow
# Any user may run it, also one that the image does not know: `docker run --user "$(id -u):$(id -g)"`.
ENV PYTHONPATH=/opt/fastflow HOME=/home/fastflow
RUN printf '#!/bin/sh\nexec python3 -m fastflow "$@"\n' >/usr/local/bin/fastflow \
 && chmod 755 /usr/local/bin/fastflow \
 && python3 -m compileall -q /opt/fastflow \
 && mkdir -m 1777 /home/fastflow
USER 1000:1000
WORKDIR /work
ENTRYPOINT ["fastflow"]
