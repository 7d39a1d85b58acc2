// A made-up header that does not include what it uses. It must not compile alone.
#pragma once

inline std::string greeting() { return "hello"; }
