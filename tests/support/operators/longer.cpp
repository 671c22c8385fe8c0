#include "test_operators.h"

PIPIT_OPERATOR("test/text.longer", "1.0.0", "for tests", test::Longer);
