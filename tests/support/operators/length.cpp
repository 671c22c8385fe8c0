#include "test_operators.h"

PIPIT_OPERATOR("test/text.length", "1.0.0", "for tests", test::Length);
