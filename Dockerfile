# Builds Talweg and keeps what running needs; by default it reproduces what the papers claim.
#   docker build -t talweg .                                                for processors
#   docker build -t talweg-cuda --build-arg TALWEG_CUDA=1 .                 for GPUs
#   docker run --rm -v "$PWD/runs:/talweg/runs" talweg                      talweg reproduce configs/paper
#   docker run --rm -v "$PWD/runs:/talweg/runs" talweg train configs/quickstart.yaml
# Versions are those of scripts/pins.sh.
FROM docker.io/library/debian:bookworm-slim AS build
ENV CCACHE_DIR=/ccache
WORKDIR /talweg
COPY scripts scripts
RUN apt-get update && apt-get install -y --no-install-recommends $(. scripts/pins.sh && echo $APT_PACKAGES) && rm -rf /var/lib/apt/lists/*
COPY . .
ARG TALWEG_CUDA=0
# Parallel compiler processes; empty: as many as there are cores.
ARG TALWEG_BUILD_JOBS=
# What `talweg version` and every run state; the image has no repository: --build-arg TALWEG_COMMIT=$(git rev-parse --short=12 HEAD)
ARG TALWEG_COMMIT=
RUN build=$(TALWEG_CUDA=$TALWEG_CUDA TALWEG_BUILD_JOBS=$TALWEG_BUILD_JOBS TALWEG_COMMIT=$TALWEG_COMMIT scripts/setup.sh) && \
    DESTDIR=/runtime cmake --install $build --prefix /opt/talweg
# What runs: the program, and the shared libraries that it loads, at the paths it was linked with. For processors these are
# the ones that ldd names; for GPUs all of the wheels, since CUDA's libraries load each other by name.
RUN cd /runtime/opt/talweg && rm -rf include lib/*.a lib/cmake share && \
    { ldd lib/talweg/libtalweg_engine.so | awk '$3 ~ "/[.]deps/" {print $3}' && \
      if [ "$TALWEG_CUDA" = 1 ]; then \
        find /talweg/.deps -type f \( -path '*/torch/lib/*.so*' -o -path '*/nvidia/*/lib/*.so*' \) ! -name 'libtorch_python*'; \
      fi; } | xargs realpath -s | sort -u >/tmp/libraries && \
    grep -q libtorch_cpu.so /tmp/libraries && xargs cp --parents --target-directory=/runtime </tmp/libraries

# Data and weights that configurations of the papers need; an empty list leaves them out.
FROM docker.io/library/debian:bookworm-slim AS data
WORKDIR /talweg
COPY scripts scripts
ARG TALWEG_DATA="sentiment minilm kjv"
RUN mkdir -p data && if [ -n "$TALWEG_DATA" ]; then \
      apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 python3-pip && \
      scripts/fetch_data.sh $TALWEG_DATA; fi

FROM docker.io/library/debian:bookworm-slim
RUN apt-get update && \
    apt-get install -y --no-install-recommends gnuplot-nox libyaml-cpp0.7 zlib1g libgomp1 libutf8proc2 libsentencepiece0 libnlopt0 libpng16-16 libjpeg62-turbo && \
    rm -rf /var/lib/apt/lists/* && useradd --create-home --uid 1000 talweg && install -d -o talweg -g talweg /talweg/runs
COPY --from=build /runtime /
COPY --from=data /talweg/data /talweg/data
COPY configs /talweg/configs
WORKDIR /talweg
USER 1000:1000
ENV PATH=/opt/talweg/bin:$PATH
ENTRYPOINT ["talweg"]
CMD ["reproduce", "configs/paper"]
