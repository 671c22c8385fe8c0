// libpipit.so is made of pipit_core; CMake wants a source.
