// What an API server's refusal means. Knows HTTP's status codes and metav1.Status; reads no socket.
// Protocol: https://kubernetes.io/docs/reference/using-api/api-concepts/ and metav1.Status in
// apimachinery.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::codec {

inline constexpr std::size_t max_error_message = 1024;  // bytes

// The Error of an answer that is no 2xx. Never fails: a body that is no metav1.Status (429 and
// proxies send plain text) is its own message. `retry_after` is the header's; where it is absent
// the Status's retryAfterSeconds is taken.
[[nodiscard]] Error status_error(int http_status, std::string_view body,
                                 std::optional<Duration> retry_after = {});

// The Error of a watch's ERROR event, whose object is a metav1.Status: as above, by the code it
// carries.
[[nodiscard]] Error event_error(std::string_view status_object);

}  // namespace lastgood::codec
