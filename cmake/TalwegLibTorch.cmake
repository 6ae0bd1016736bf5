# Declares talweg_libtorch, the one target through which the project sees LibTorch.
#
# The pinned wheel is a CUDA build; its own TorchConfig.cmake insists on a CUDA toolkit even when only CPU code is built.
# For a CPU build the imported target is therefore declared here from the wheel's folder (TALWEG_TORCH_ROOT).
set(TALWEG_TORCH_ROOT "" CACHE PATH "Folder of an unpacked LibTorch or of the torch wheel (holds include/ and lib/)")
add_library(talweg_libtorch INTERFACE)
set(_torch ${TALWEG_TORCH_ROOT})
target_include_directories(talweg_libtorch SYSTEM INTERFACE
  $<BUILD_INTERFACE:${_torch}/include> $<BUILD_INTERFACE:${_torch}/include/torch/csrc/api/include>)
target_link_libraries(talweg_libtorch INTERFACE
  $<BUILD_INTERFACE:-Wl,--no-as-needed> $<BUILD_INTERFACE:${_torch}/lib/libtorch_cpu.so> $<BUILD_INTERFACE:${_torch}/lib/libc10.so>)
get_filename_component(_site ${_torch} DIRECTORY)
list(APPEND CMAKE_BUILD_RPATH ${_torch}/lib ${_site}/nvidia/cu13/lib)
target_link_options(talweg_libtorch INTERFACE $<BUILD_INTERFACE:-Wl,-rpath-link,${_site}/nvidia/cu13/lib>)
