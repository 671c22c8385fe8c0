#include "test_operators.h"

PIPIT_OPERATOR("test/text.rogue", "1.0.0", "for tests", test::Rogue);
