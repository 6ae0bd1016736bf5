# talweg_library(NAME [DEPENDENCY...]): the library Talweg::NAME from every .cpp below the folder NAME.
# Folders of core that know nothing of tensors skip the precompiled LibTorch header and so compile in a second or two.
add_library(talweg_precompiled OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
target_link_libraries(talweg_precompiled PUBLIC talweg_libtorch PRIVATE talweg_flags)
target_precompile_headers(talweg_precompiled PRIVATE "${CMAKE_SOURCE_DIR}/core/libtorch.h")

set(TALWEG_TENSOR_FREE core/config core/io core/report core/plot core/metrics core/run core/privacy)

# GCC accepts a precompiled header only with the very options it was made with, and CMake would give executables -fPIE instead of
# the libraries' -fPIC.
function(talweg_executable_options target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
endfunction()

function(talweg_library name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.cpp)
  # Everything that needs the CUDA toolkit lives in folders called cuda.
  file(GLOB_RECURSE cuda_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*/cuda/*.cpp ${CMAKE_SOURCE_DIR}/${name}/*.cu)
  list(FILTER sources EXCLUDE REGEX "/cuda/")
  if(TALWEG_CUDA)
    list(APPEND sources ${cuda_sources})
  endif()
  add_library(talweg_${name} STATIC ${sources})
  add_library(Talweg::${name} ALIAS talweg_${name})
  set_target_properties(talweg_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(talweg_${name} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/talweg>)
  target_link_libraries(talweg_${name} PRIVATE $<BUILD_INTERFACE:talweg_flags>)
  foreach(dependency ${ARGN})
    target_link_libraries(talweg_${name} PUBLIC talweg_${dependency})
  endforeach()
  if(name STREQUAL core)
    target_link_libraries(talweg_core PUBLIC talweg_libtorch nlohmann_json::nlohmann_json talweg_fmt Threads::Threads
      PRIVATE yaml-cpp ZLIB::ZLIB ${TALWEG_UTF8PROC_LIBRARY}
      ${TALWEG_SENTENCEPIECE_LIBRARY})
    if(TALWEG_CUDA AND cuda_sources)
      # What CI compiles to see that the CUDA sources still build; no device is needed.
      add_library(talweg_cuda_sources OBJECT EXCLUDE_FROM_ALL ${cuda_sources})
      target_include_directories(talweg_cuda_sources PRIVATE ${CMAKE_SOURCE_DIR})
      target_link_libraries(talweg_cuda_sources PRIVATE talweg_libtorch talweg_flags nlohmann_json::nlohmann_json talweg_fmt)
    endif()
  endif()
  target_precompile_headers(talweg_${name} REUSE_FROM talweg_precompiled)
  foreach(folder ${TALWEG_TENSOR_FREE})
    set(tensor_free ${sources})
    list(FILTER tensor_free INCLUDE REGEX "^${CMAKE_SOURCE_DIR}/${folder}/")
    set_source_files_properties(${tensor_free} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  endforeach()
endfunction()

# The FFT of privacy accounting: complex products without the checks for infinities that the standard's rules ask for.
function(talweg_fourier_options)
  set(fourier ${CMAKE_SOURCE_DIR}/core/privacy/loss_distribution/fourier.cpp)
  set_source_files_properties(${fourier} PROPERTIES COMPILE_OPTIONS "-fcx-limited-range")
  # Naming a folder that the compiler searches anyway would move it before the standard library's own.
  if(NOT TALWEG_KISSFFT_INCLUDE IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    set_source_files_properties(${fourier} PROPERTIES INCLUDE_DIRECTORIES "${TALWEG_KISSFFT_INCLUDE}")
  endif()
endfunction()

# The data sets that travel inside the core library (core/data/bundled.cpp includes them byte by byte).
function(talweg_embed_bundled_data)
  set(folder ${CMAKE_SOURCE_DIR}/core/data/bundled)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*.csv ${folder}/*.gz)
  set_source_files_properties(${CMAKE_SOURCE_DIR}/core/data/bundled.cpp PROPERTIES
    OBJECT_DEPENDS "${files}" COMPILE_DEFINITIONS "TALWEG_BUNDLED_DATA=\"${folder}\"" SKIP_PRECOMPILE_HEADERS OFF)
endfunction()
