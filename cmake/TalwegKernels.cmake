# The arithmetic loops, compiled for every width of vectors: a·b + c is one instruction, a root sets no errno, and LibTorch is not
# needed. The list stands by itself as another processor's compiler is given these files alone (tests/kernels).
set(TALWEG_KERNELS
  core/agents/consensus_kernels.cpp
  core/random/keyed_normals.cpp
  core/random/normal_kernel.cpp
  models/deep_linear/dense_product.cpp
  models/deep_linear/factor_lanes.cpp
  models/in_context/decoding_kernel.cpp
  models/in_context/teacher_forcing_kernel.cpp
  models/language/packed_kernels.cpp
  models/language/row_kernels.cpp
  models/mean_field/row_kernels.cpp
  models/mean_field/triangle_rows.cpp
  models/neural_field/decoder_kernel.cpp
  models/neural_field/grid_kernel.cpp
  models/neural_field/ray_kernel.cpp
  models/quantum/tile_kernel.cpp
  optim/ascent/reflection_kernel.cpp
  tasks/classification/logistic_kernel.cpp
  tasks/triplets/triplet_kernel.cpp)
set(TALWEG_KERNEL_OPTIONS -O3 -ffp-contract=fast -fno-math-errno)
