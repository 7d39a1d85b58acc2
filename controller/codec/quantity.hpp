// Quantities of Kubernetes, such as "1500m", "2k" or "1Mi":
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
#pragma once

#include <optional>
#include <string_view>

namespace lastgood::codec {

// A decimal number, which may have a sign, and at most one of:
// - a suffix: n u m k M G T P E, or Ki Mi Gi Ti Pi Ei
// - an exponent: "1e3", "1E-3"
// Nothing if the text is not a quantity, is longer than 64 bytes, or is not a finite double.
[[nodiscard]] std::optional<double> parse_quantity(std::string_view text);

}  // namespace lastgood::codec
