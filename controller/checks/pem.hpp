// The form of PEM texts: https://www.rfc-editor.org/rfc/rfc7468. Whether a certificate or a key can
// be used is only known when it is used.
#pragma once

#include <string>
#include <string_view>

namespace lastgood::checks {

// Why the text is not one or more certificates. Empty: it is. Neither this result nor the next one
// quotes the text.
[[nodiscard]] std::string certificates_problem(std::string_view text);
// Why the text is not exactly one private key without a password. Empty: it is.
[[nodiscard]] std::string private_key_problem(std::string_view text);

}  // namespace lastgood::checks
