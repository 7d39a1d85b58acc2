// One function object from several lambdas, for std::visit. If no lambda accepts an
// alternative, the visit does not compile.
#pragma once

namespace lastgood {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace lastgood
