// Errors of the API server, from HTTP status codes and metav1.Status objects. See
// https://kubernetes.io/docs/reference/using-api/api-concepts/ and metav1.Status in apimachinery.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::codec {

inline constexpr std::size_t max_error_message_size = 1024;  // bytes

// The Error of a response other than 2xx. A body that is not a metav1.Status, such as the plain
// text of a 429 or of a proxy, is the message. `retry_after` is the Retry-After header; without it,
// retryAfterSeconds of the Status is used, up to one hour.
[[nodiscard]] Error status_error(int http_status, std::string_view body,
                                 std::optional<Duration> retry_after = {});

// The Error of an ERROR event of a watch. `status_object` is its metav1.Status. Protocol if it is
// not one.
[[nodiscard]] Error event_error(std::string_view status_object);

}  // namespace lastgood::codec
