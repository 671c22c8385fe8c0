# The install tree besides the targets themselves: LibTorch, the package that find_package(pipit) reads, pipelines, the template of an
# operator, docs. Everything in it finds everything else from where it lies, so that the tree can be moved.
#
# LibTorch's headers, 9,000 of them, are a component of their own, which is installed when it is asked for:
#   cmake --install BUILD --prefix PREFIX --component libtorch_headers
# Only operators with LibTorch need them, and FindLibTorch takes those of any LibTorch of the same version.

include(CMakePackageConfigHelpers)

# LibTorch in its wheels' layout, torch/ and nvidia/: its libraries find each other by it. The build tree has it as links,
# since the runtime and its modules look for it in the same place there.
if(PIPIT_OPERATORS)
  get_filename_component(wheels "${LibTorch_DIR_FOUND}" DIRECTORY)
  set(linked "${PROJECT_BINARY_DIR}/lib/pipit/libtorch")
  file(REMOVE "${linked}/torch" "${linked}/nvidia")
  file(MAKE_DIRECTORY "${linked}")
  file(CREATE_LINK "${LibTorch_DIR_FOUND}" "${linked}/torch" SYMBOLIC)
  if(IS_DIRECTORY "${wheels}/nvidia")
    file(CREATE_LINK "${wheels}/nvidia" "${linked}/nvidia" SYMBOLIC)
  endif()
endif()
# A wheel uses the LibTorch of the torch that it is installed beside.
if(PIPIT_OPERATORS AND NOT SKBUILD)
  # Without the half that serves Python.
  install(DIRECTORY "${LibTorch_DIR_FOUND}/lib" DESTINATION lib/pipit/libtorch/torch
    PATTERN libtorch_python.so EXCLUDE
    PATTERN "libshm*" EXCLUDE)
  install(FILES "${LibTorch_VERSION_HEADER}" DESTINATION "lib/pipit/libtorch/torch/${LibTorch_VERSION_FOLDER}")
  install(DIRECTORY "${LibTorch_DIR_FOUND}/include" DESTINATION lib/pipit/libtorch/torch
    COMPONENT libtorch_headers EXCLUDE_FROM_ALL
    PATTERN pybind11 EXCLUDE)
  if(IS_DIRECTORY "${wheels}/nvidia")
    # Without what CUPTI opens for hardware counters only.
    install(DIRECTORY "${wheels}/nvidia" DESTINATION lib/pipit/libtorch
      FILES_MATCHING PATTERN "*.so*"
      PATTERN include EXCLUDE
      PATTERN "libnvperf_*" EXCLUDE
      PATTERN libpcsamplingutil.so EXCLUDE
      PATTERN libcheckpoint.so EXCLUDE)
  endif()
endif()

install(EXPORT pipit NAMESPACE pipit:: FILE pipitTargets.cmake DESTINATION lib/cmake/pipit)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/pipitConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(
  FILES
    "${PROJECT_BINARY_DIR}/pipitConfigVersion.cmake"
    framework/cmake/FindLibTorch.cmake
    framework/cmake/PipitAddOperator.cmake
    framework/cmake/embed_signature.cmake
    framework/cmake/operator.map
    framework/cmake/pipitConfig.cmake
  DESTINATION lib/cmake/pipit)

configure_file(framework/cmake/pipit.pc.in "${PROJECT_BINARY_DIR}/pipit.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/pipit.pc" DESTINATION lib/pkgconfig)

install(DIRECTORY pipelines DESTINATION share/pipit USE_SOURCE_PERMISSIONS
  PATTERN "*.py" EXCLUDE PATTERN __pycache__ EXCLUDE)
install(DIRECTORY plugins/template DESTINATION share/pipit/plugins PATTERN build EXCLUDE)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION share/doc/pipit)
install(DIRECTORY docs DESTINATION share/doc/pipit)

# What it is made of, as the machine that builds it has it.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  set(bill_of_materials "${PROJECT_BINARY_DIR}/bill-of-materials.json")
  execute_process(
    COMMAND "${Python3_EXECUTABLE}" -B "${PROJECT_SOURCE_DIR}/framework/cmake/bill_of_materials.py" "${PROJECT_VERSION}"
            "${PROJECT_SOURCE_DIR}/dependencies.sh"
    OUTPUT_FILE "${bill_of_materials}" COMMAND_ERROR_IS_FATAL ANY)
  set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/dependencies.sh" "${PROJECT_SOURCE_DIR}/framework/cmake/bill_of_materials.py")
  install(FILES "${bill_of_materials}" DESTINATION share/doc/pipit)
endif()
