# Declares talweg_libtorch, the one target through which the project sees LibTorch. Installed beside TalwegConfig.cmake, where it
# does the same for a consumer.
#
# The pinned wheel is a CUDA build; its own TorchConfig.cmake insists on a CUDA toolkit even when only CPU code is built, and
# on a system-wide one. The target is therefore made here from the folder with include/ and lib/, whatever kind it is.
# Where that folder is: TALWEG_TORCH_ROOT, else the one found through Torch_DIR or CMAKE_PREFIX_PATH, else (for a consumer)
# the one Talweg was built with.
set(TALWEG_TORCH_ROOT "" CACHE PATH "Folder of an unpacked LibTorch or of the torch wheel (holds include/ and lib/)")

set(_torch_root ${TALWEG_TORCH_ROOT})
if(NOT _torch_root)
  find_path(_torch_config NAMES TorchConfig.cmake HINTS ${Torch_DIR} PATH_SUFFIXES share/cmake/Torch Torch NO_CACHE)
  if(_torch_config)
    get_filename_component(_torch_root ${_torch_config}/../../.. ABSOLUTE)
  elseif(TALWEG_BUILT_WITH_TORCH)
    set(_torch_root ${TALWEG_BUILT_WITH_TORCH})
  endif()
endif()
if(NOT EXISTS "${_torch_root}/include/torch/csrc/api/include/torch/torch.h")
  message(FATAL_ERROR "LibTorch was not found (looked in '${_torch_root}'). Set TALWEG_TORCH_ROOT to an unpacked LibTorch or to the "
    "folder 'torch' of the wheel (python3 -c 'import torch; print(torch.__path__[0])'), or let ./talweg fetch it.")
endif()

if(NOT TARGET talweg_libtorch)
  add_library(talweg_libtorch INTERFACE IMPORTED GLOBAL)
  set_target_properties(talweg_libtorch PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${_torch_root}/include;${_torch_root}/include/torch/csrc/api/include"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${_torch_root}/include;${_torch_root}/include/torch/csrc/api/include")
  set(_torch_libraries ${_torch_root}/lib/libtorch_cpu.so ${_torch_root}/lib/libc10.so)
  get_filename_component(_torch_site ${_torch_root} DIRECTORY)
  set(_torch_folders ${_torch_root}/lib)
  if(EXISTS ${_torch_site}/nvidia/cu13/lib)
    list(APPEND _torch_folders ${_torch_site}/nvidia/cu13/lib)
  endif()
  if(TALWEG_CUDA)
    if(NOT EXISTS ${_torch_root}/lib/libtorch_cuda.so)
      message(FATAL_ERROR "TALWEG_CUDA is on, and the LibTorch in '${_torch_root}' has no libtorch_cuda.so")
    endif()
    find_package(CUDAToolkit REQUIRED)
    list(APPEND _torch_libraries ${_torch_root}/lib/libtorch_cuda.so ${_torch_root}/lib/libc10_cuda.so CUDA::cudart)
    # The wheel keeps every CUDA library in a folder of its own.
    file(GLOB _nvidia_folders ${_torch_site}/nvidia/*/lib)
    list(APPEND _torch_folders ${_nvidia_folders})
    set_property(TARGET talweg_libtorch PROPERTY INTERFACE_COMPILE_DEFINITIONS TALWEG_WITH_CUDA)
    # Declarations of NCCL: a wheel beside LibTorch or beside the toolkit, or the system's.
    find_path(TALWEG_NCCL_INCLUDE nccl.h HINTS ${_torch_site}/nvidia/nccl/include REQUIRED)
    set_property(TARGET talweg_libtorch APPEND PROPERTY INTERFACE_INCLUDE_DIRECTORIES ${TALWEG_NCCL_INCLUDE})
    set_property(TARGET talweg_libtorch APPEND PROPERTY INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${TALWEG_NCCL_INCLUDE})
  endif()
  # Nothing in the code names a symbol of the back-end libraries; without --no-as-needed the linker would drop them.
  set(_torch_options -Wl,--no-as-needed)
  foreach(folder ${_torch_folders})
    list(APPEND _torch_options -Wl,-rpath,${folder} -Wl,-rpath-link,${folder})
  endforeach()
  # LibTorch's parallel_for is a template: it uses threads only in code that is compiled with OpenMP, and runs on one, without a word,
  # in all other. LibTorch brings GCC's runtime; a compiler with another runtime would start a second pool beside it.
  if(TALWEG_SANITIZE MATCHES "thread")
    message(STATUS "Talweg's own loops run on plain threads, for ThreadSanitizer")
  elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set_property(TARGET talweg_libtorch PROPERTY INTERFACE_COMPILE_OPTIONS $<$<COMPILE_LANGUAGE:CXX>:-fopenmp>)
    list(APPEND _torch_options -fopenmp)
  else()
    message(STATUS "Talweg's own loops run on one thread: ${CMAKE_CXX_COMPILER_ID} has not the OpenMP runtime that LibTorch uses (GCC's)")
  endif()
  set_target_properties(talweg_libtorch PROPERTIES
    INTERFACE_LINK_OPTIONS "${_torch_options}" INTERFACE_LINK_LIBRARIES "${_torch_libraries}")
  # A LibTorch for the old C++ ABI says so in its configuration.
  if(EXISTS ${_torch_root}/share/cmake/Torch/TorchConfig.cmake)
    file(STRINGS ${_torch_root}/share/cmake/Torch/TorchConfig.cmake _old_abi REGEX "_GLIBCXX_USE_CXX11_ABI=0")
    if(_old_abi)
      message(FATAL_ERROR "the LibTorch in '${_torch_root}' is built for the old C++ ABI; use the cxx11-abi download or the wheel")
    endif()
  endif()
endif()
set(TALWEG_TORCH_ROOT_FOUND ${_torch_root})
