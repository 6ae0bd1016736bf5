find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(cxxopts REQUIRED)

# Header-only use of kissfft in double precision; the library of the same package is single precision.
find_path(TALWEG_KISSFFT_INCLUDE kissfft/kissfft.hh REQUIRED)

# Declarations of the library that LibTorch carries for exchanges between processors.
find_path(TALWEG_GLOO_INCLUDE gloo/context.h REQUIRED)

# Unicode categories and normal forms.
find_path(TALWEG_UTF8PROC_INCLUDE utf8proc.h REQUIRED)
find_library(TALWEG_UTF8PROC_LIBRARY utf8proc REQUIRED)

find_path(TALWEG_SENTENCEPIECE_INCLUDE sentencepiece_processor.h REQUIRED)
find_library(TALWEG_SENTENCEPIECE_LIBRARY sentencepiece REQUIRED)

# Searches from values alone.
find_path(TALWEG_NLOPT_INCLUDE nlopt.h REQUIRED)
find_library(TALWEG_NLOPT_LIBRARY nlopt REQUIRED)

# Text formatting, from the headers that LibTorch carries.
find_path(TALWEG_FMT_INCLUDE fmt/format-inl.h PATHS ${TALWEG_TORCH_ROOT_FOUND}/include NO_DEFAULT_PATH REQUIRED)
add_library(talweg_fmt STATIC ${CMAKE_SOURCE_DIR}/cmake/fmt.cpp)
set_target_properties(talweg_fmt PROPERTIES EXPORT_NAME fmt)
target_include_directories(talweg_fmt SYSTEM PUBLIC $<BUILD_INTERFACE:${TALWEG_FMT_INCLUDE}>)
