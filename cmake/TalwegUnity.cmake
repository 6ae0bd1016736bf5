# Unity builds: most of a file's compile time goes into templates that LibTorch's headers leave to be instantiated at its end, again
# in every file. Neighbouring files therefore compile as one unit, so that a first build takes minutes and a touched file still costs
# seconds. With TALWEG_UNITY=OFF (preset `development`) every file is compiled by itself; the target talweg_alone (preset `alone`)
# checks that each can be.
option(TALWEG_UNITY "Compile neighbouring files together (fast first builds)" ON)
if(TALWEG_UNITY)
  # A file of a unit is no header, though GCC takes it for one here: its anonymous namespace is as much its own as when it is alone.
  target_compile_options(talweg_flags INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
endif()
set(TALWEG_UNIT_SIZE 16)  # files; larger units make the first build faster and the one after a change slower

# talweg_units(TARGET SOURCE...): divides the target's sources into units of whole folders where they fit. Files with compile options
# of their own stay alone, as CMake sees to.
function(talweg_units target)
  if(NOT TALWEG_UNITY)
    return()
  endif()
  set(folders)
  foreach(source ${ARGN})
    cmake_path(GET source PARENT_PATH folder)
    list(APPEND folders ${folder})
    list(APPEND "files_in_${folder}" ${source})
  endforeach()
  list(REMOVE_DUPLICATES folders)
  list(SORT folders)
  set(unit 0)
  set(filled 0)
  foreach(folder ${folders})
    list(LENGTH "files_in_${folder}" count)
    math(EXPR parts "(${count} + ${TALWEG_UNIT_SIZE} - 1) / ${TALWEG_UNIT_SIZE}")
    math(EXPR together "${filled} + ${count}")
    if(together GREATER TALWEG_UNIT_SIZE)
      math(EXPR unit "${unit} + 1")
      set(filled 0)
    endif()
    set(index 0)
    foreach(source ${files_in_${folder}})
      math(EXPR part "${unit} + ${index} * ${parts} / ${count}")
      set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${part})
      math(EXPR index "${index} + 1")
    endforeach()
    math(EXPR unit "${unit} + ${parts} - 1")
    math(EXPR filled "${filled} + ${count} / ${parts}")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

# talweg_alone: every source by itself, without code being made for it: a file that lacks an include compiles in a unit, where a
# neighbour has it, and not here. For clang, which does this in a second or two a file.
function(talweg_check_sources_alone)
  get_property(sources GLOBAL PROPERTY TALWEG_SOURCES)
  add_library(talweg_alone OBJECT EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(talweg_alone PRIVATE Talweg::tasks talweg_flags yaml-cpp)
  target_compile_options(talweg_alone PRIVATE -fsyntax-only)
  target_compile_definitions(talweg_alone PRIVATE TALWEG_VERSION="${PROJECT_VERSION}" TALWEG_COMMIT="")
  target_precompile_headers(talweg_alone REUSE_FROM talweg_precompiled)
endfunction()
