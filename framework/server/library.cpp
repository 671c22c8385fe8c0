// libpipit_server.so is made of the room; CMake wants a source.
