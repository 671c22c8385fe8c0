# What differs in a wheel: LibTorch is that of the torch it is installed beside, and CLIP's vocabulary may come from a Python package.
find_package(Python 3.10 REQUIRED COMPONENTS Interpreter)

# pipit_python_file(VARIABLE PACKAGE FILE): a file or folder of an installed Python package; empty: it is not there.
function(pipit_python_file variable package file)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import importlib.util as u, os, sys; s = u.find_spec('${package}'); f = s and os.path.join(os.path.dirname(s.origin), '${file}'); print(f if f and os.path.exists(f) else '')"
    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(${variable} "${found}" PARENT_SCOPE)
endfunction()

if(NOT PIPIT_LIBTORCH)
  pipit_python_file(torch torch "")
  set(PIPIT_LIBTORCH "${torch}")
endif()
if(NOT EXISTS "${PIPIT_CLIP_VOCABULARY}")
  pipit_python_file(vocabulary open_clip bpe_simple_vocab_16e6.txt.gz)
  if(vocabulary)
    set(PIPIT_CLIP_VOCABULARY "${vocabulary}")
  endif()
endif()

# A wheel has no links, so that one file has one name.
set(CMAKE_PLATFORM_NO_VERSIONED_SONAME ON)
