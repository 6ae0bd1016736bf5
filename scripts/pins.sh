# Versions of everything that is fetched. A change here makes the next call of ./talweg or ./test set up again.
TORCH_VERSION=2.11.0
CPU_WHEELS="torch==$TORCH_VERSION nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85"
CUDA_WHEELS="torch==$TORCH_VERSION"
# nvvm is named because the newest one writes code that this ptxas refuses.
CUDA_TOOLKIT_WHEELS="cuda-toolkit[nvcc,nvvm,cccl,crt,cudart,nvrtc,nvtx,profiler]==13.0.2"
# Enough to compile CUDA sources against the CPU's wheel, which carries LibTorch's CUDA headers and libraries.
CUDA_COMPILER_WHEELS="cuda-toolkit[nvcc,nvvm,cccl,crt,cudart]==13.0.2"
# Where no NCCL is installed: its headers (the wheel of LibTorch's CUDA build brings the library).
NCCL_WHEELS="nvidia-nccl-cu13==2.28.9"
CPU_MEGABYTES=1800
CUDA_COMPILER_MEGABYTES=900
NCCL_MEGABYTES=700
CUDA_MEGABYTES=6500
# Room in the build folder, and processor seconds on an EPYC of 2.6 GHz (bench/run.sh build measures them).
BUILD_MEGABYTES=2000
PROGRAM_SECONDS=540
TESTS_SECONDS=300

APT_PACKAGES="g++ cmake ninja-build ccache git ca-certificates python3 python3-venv python3-pip
  libyaml-cpp-dev nlohmann-json3-dev libcxxopts-dev zlib1g-dev libkissfft-dev libutf8proc-dev libsentencepiece-dev libgloo-dev libnlopt-dev libpng-dev libjpeg-dev
  libgtest-dev libgmock-dev libbenchmark-dev gnuplot-nox"
APT_PACKAGES_CI="clang clang-format g++-aarch64-linux-gnu qemu-user"
