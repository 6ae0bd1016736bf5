# The libraries and what they share. talweg_library(NAME FOLDERS folder... [EXCEPT folder...] [FILES file...] [USES library...]) makes the
# library Talweg::NAME from every .cpp below its folders, but for some, and from single files.
include(TalwegUnity)

add_library(talweg_precompiled OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
target_link_libraries(talweg_precompiled PUBLIC talweg_libtorch PRIVATE talweg_flags)
target_precompile_headers(talweg_precompiled PRIVATE "${CMAKE_SOURCE_DIR}/core/libtorch.h" <filesystem> <nlohmann/json.hpp>)

# GCC accepts a precompiled header only with the very options it was made with, and CMake would give executables -fPIE instead of
# the libraries' -fPIC.
function(talweg_executable_options target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
endfunction()

function(talweg_library name)
  cmake_parse_arguments(arg "" "" "FOLDERS;EXCEPT;FILES;USES" ${ARGN})
  set(sources)
  foreach(folder ${arg_FOLDERS})
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  foreach(folder ${arg_EXCEPT})
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_SOURCE_DIR}/${folder}/")
  endforeach()
  # Everything that needs the CUDA toolkit lives in folders called cuda; kernels are a library of their own.
  list(FILTER sources EXCLUDE REGEX "/cuda/")
  list(TRANSFORM TALWEG_KERNELS PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE kernels)
  list(REMOVE_ITEM sources ${kernels})
  list(TRANSFORM arg_FILES PREPEND ${CMAKE_SOURCE_DIR}/)
  list(APPEND sources ${arg_FILES})
  add_library(talweg_${name} STATIC ${sources})
  add_library(Talweg::${name} ALIAS talweg_${name})
  set_target_properties(talweg_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(talweg_${name} PUBLIC cxx_std_20)  # of programs that use it too
  target_include_directories(talweg_${name} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(talweg_${name} PRIVATE $<BUILD_INTERFACE:talweg_flags>)
  foreach(library ${arg_USES})
    target_link_libraries(talweg_${name} PUBLIC talweg_${library})
  endforeach()
  talweg_units(talweg_${name} ${sources})
  set_property(GLOBAL APPEND PROPERTY TALWEG_SOURCES ${sources})
endfunction()

# What needs the CUDA toolkit, when the build has one; also an object library of its own, which CI compiles to see that these sources
# still build (no device is needed).
function(talweg_cuda_part)
  if(NOT TALWEG_CUDA)
    return()
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/core/*/cuda/*.cpp ${CMAKE_SOURCE_DIR}/core/*.cu)
  set(of_training ${sources})
  list(FILTER of_training INCLUDE REGEX "/distributed/")
  set(of_core ${sources})
  list(FILTER of_core EXCLUDE REGEX "/distributed/")
  target_sources(talweg_core PRIVATE ${of_core})
  target_sources(talweg_training PRIVATE ${of_training})
  add_library(talweg_cuda_sources OBJECT EXCLUDE_FROM_ALL ${sources})
  target_include_directories(talweg_cuda_sources PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(talweg_cuda_sources PRIVATE talweg_libtorch talweg_flags nlohmann_json::nlohmann_json talweg_fmt)
endfunction()

# The FFT of privacy accounting: complex products without the checks for infinities that the standard's rules ask for.
function(talweg_fourier_options)
  set(fourier ${CMAKE_SOURCE_DIR}/core/privacy/loss_distribution/fourier.cpp)
  set_source_files_properties(${fourier} PROPERTIES COMPILE_OPTIONS "$<$<CXX_COMPILER_ID:GNU>:-fcx-limited-range>")
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
    OBJECT_DEPENDS "${files}" COMPILE_DEFINITIONS "TALWEG_BUNDLED_DATA=\"${folder}\"")
endfunction()
