// Errors and warnings of the API server, from HTTP status codes and metav1.Status objects. See
// https://kubernetes.io/docs/reference/using-api/api-concepts/ and metav1.Status in apimachinery.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::codec {

inline constexpr std::size_t max_error_message_size = 1024;  // bytes

// The Error of a response other than 2xx. If the body is not a metav1.Status, for example the plain
// text of a proxy, the body is the message. `retry_after` is the Retry-After header. If the header
// is absent, retryAfterSeconds of the Status is used. A value above one hour counts as one hour.
// A NotFound without details means that the server does not know the kind of the object.
[[nodiscard]] Error status_error(int http_status, std::string_view body,
                                 std::optional<Duration> retry_after = {});

// The Error of an ERROR event of a watch. `status_object` is the object of the event. If the object
// is not a metav1.Status, the kind of the Error is Protocol.
[[nodiscard]] Error event_error(std::string_view status_object);

// The texts in Warning headers, for example in `299 - "unknown field"`. A header of another form is
// skipped. Each text has at most max_error_message_size bytes.
[[nodiscard]] std::vector<std::string> warning_texts(const std::vector<std::string>& headers);

}  // namespace lastgood::codec
