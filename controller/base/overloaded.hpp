// One function object from several lambdas, for std::visit. A visit that misses an alternative does
// not compile.
#pragma once

namespace lastgood {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace lastgood
