# What find_package(pipit) gives:
#   pipit::framework       the runtime for hosts (pipit/pipeline.h), and for tests of operators (pipit/testing.h)
#   pipit::server          pipelines and indexes over HTTP (pipit/server.h)
#   pipit::weights         checkpoints (pipit/weights/…)
#   pipit::operator        the headers for operator authors (pipit/operator.h); pipit_add_operator() links it
#   pipit::program         the program `pipit`
#   pipit_add_operator()   builds one operator module; see PipitAddOperator.cmake

include("${CMAKE_CURRENT_LIST_DIR}/pipitTargets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/PipitAddOperator.cmake")
