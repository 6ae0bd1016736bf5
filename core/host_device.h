#pragma once

// Arithmetic that a CUDA kernel shares with the loops on the CPU is marked so; for other compilers the mark is nothing.
#ifdef __CUDACC__
#define TALWEG_HOST_DEVICE __host__ __device__
#else
#define TALWEG_HOST_DEVICE __attribute__((always_inline))
#endif
