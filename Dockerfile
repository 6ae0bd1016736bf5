# Builds Talweg and keeps what running needs; by default it reproduces what the papers claim.
#   docker build -t talweg .                                                for processors
#   docker build -t talweg-cuda --build-arg TALWEG_CUDA=1 .                 for GPUs
#   docker run --rm -v "$PWD/runs:/talweg/runs" talweg                      talweg reproduce configs/paper
#   docker run --rm -v "$PWD/runs:/talweg/runs" talweg train configs/quickstart.yaml
# Versions are those of scripts/pins.sh.
FROM docker.io/library/debian:bookworm-slim AS build
WORKDIR /talweg
COPY scripts scripts
RUN apt-get update && apt-get install -y --no-install-recommends $(. scripts/pins.sh && echo $APT_PACKAGES) && rm -rf /var/lib/apt/lists/*
COPY . .
ARG TALWEG_CUDA=0
RUN TALWEG_CUDA=$TALWEG_CUDA scripts/setup.sh && \
    build=$([ "$TALWEG_CUDA" = 1 ] && echo build/cuda || echo build/release) && \
    cmake --install $build --prefix /opt/talweg && \
    rm -rf build .deps/*/lib/python3*/site-packages/torch/include .deps/*/lib/python3*/site-packages/torch/bin \
           .deps/*/lib/python3*/site-packages/torch/lib/libtorch_python.so /opt/talweg/include /opt/talweg/lib/*.a

# Data and weights that configurations of the papers need; an empty list leaves them out.
FROM docker.io/library/debian:bookworm-slim AS data
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl python3 python3-pip && rm -rf /var/lib/apt/lists/*
WORKDIR /talweg
COPY scripts scripts
ARG TALWEG_DATA="sentiment minilm kjv"
RUN mkdir -p data && { [ -z "$TALWEG_DATA" ] || scripts/fetch_data.sh $TALWEG_DATA; }

FROM docker.io/library/debian:bookworm-slim
RUN apt-get update && \
    apt-get install -y --no-install-recommends gnuplot-nox libyaml-cpp0.7 zlib1g libgomp1 libutf8proc2 libsentencepiece0 && \
    rm -rf /var/lib/apt/lists/* && useradd --create-home --uid 1000 talweg && mkdir -p /talweg/runs && chown -R talweg /talweg
COPY --from=build /talweg/.deps /talweg/.deps
COPY --from=build /opt/talweg /opt/talweg
COPY --from=data /talweg/data /talweg/data
COPY configs /talweg/configs
WORKDIR /talweg
USER talweg
ENV PATH=/opt/talweg/bin:$PATH
ENTRYPOINT ["talweg"]
CMD ["reproduce", "configs/paper"]
