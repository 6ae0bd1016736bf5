# cmake --install: the libraries with their public headers and CMake package, and the program.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/Talweg)

install(TARGETS talweg_fmt talweg_base talweg_kernels talweg_files talweg_privacy talweg_report talweg_mean_field talweg_core talweg_geometry talweg_text talweg_training talweg_models talweg_optim talweg_nlopt talweg_tasks
  EXPORT TalwegTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT TalwegTargets NAMESPACE Talweg:: DESTINATION ${package_folder})
include(TalwegInstallHeaders)
talweg_install_headers(cmake/public_headers.txt ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS talweg RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS talweg_engine LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/talweg)
install(DIRECTORY configs DESTINATION ${CMAKE_INSTALL_DATADIR}/talweg)

configure_package_config_file(cmake/TalwegConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/TalwegConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/TalwegConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/TalwegConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/TalwegConfigVersion.cmake
  cmake/TalwegLibTorch.cmake DESTINATION ${package_folder})
