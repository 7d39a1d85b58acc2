// Catch2's main(), compiled once and linked into each test program.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
