# talweg_install_headers(LIST DESTINATION): installs the headers that the file LIST names and all that they include, so that an installed
# file includes "talweg/core/error.h" where the source includes "core/error.h": nothing of the package can be taken for somebody else's.
function(talweg_install_headers list destination)
  set(staged ${CMAKE_CURRENT_BINARY_DIR}/installed_headers)
  install(CODE "
    set(source [[${CMAKE_SOURCE_DIR}]])
    set(staged [[${staged}]])
    include([[${CMAKE_SOURCE_DIR}/cmake/stage_headers.cmake]])
    stage_headers([[${CMAKE_SOURCE_DIR}/${list}]])")
  install(DIRECTORY ${staged}/talweg DESTINATION ${destination})
endfunction()
