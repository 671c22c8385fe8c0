#include "test_operators.h"

PIPIT_OPERATOR("test/text.zip", "1.0.0", "for tests", test::Zip);
