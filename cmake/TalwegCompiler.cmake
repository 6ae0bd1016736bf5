# Warnings, sanitizers and the compiler cache, shared by every target of the project.
add_library(talweg_flags INTERFACE)
target_compile_options(talweg_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual>)
if(TALWEG_WERROR)
  target_compile_options(talweg_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(TALWEG_SANITIZE)
  target_compile_options(talweg_flags INTERFACE -fsanitize=${TALWEG_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(talweg_flags INTERFACE -fsanitize=${TALWEG_SANITIZE})
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
# GCC collects garbage by marking all that the precompiled header brought, half a gigabyte, again and again: a fifth of the time of a
# unit, for a tenth of its memory. Below 2 GB (in kB here) it need not.
target_compile_options(talweg_flags INTERFACE
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:SHELL:--param ggc-min-heapsize=2000000>)

find_program(TALWEG_CCACHE ccache)
if(TALWEG_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The precompiled header makes every file depend on its time stamps; these settings are the ones ccache documents for it.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${TALWEG_CCACHE})
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
endif()
