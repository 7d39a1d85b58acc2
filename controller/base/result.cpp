#include "base/result.hpp"

namespace lastgood {

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::BadInput: return "BadInput";
    case ErrorKind::NotFound: return "NotFound";
    case ErrorKind::AlreadyExists: return "AlreadyExists";
    case ErrorKind::Conflict: return "Conflict";
    case ErrorKind::Invalid: return "Invalid";
    case ErrorKind::Forbidden: return "Forbidden";
    case ErrorKind::Unauthorized: return "Unauthorized";
    case ErrorKind::Expired: return "Expired";
    case ErrorKind::VersionTooLarge: return "VersionTooLarge";
    case ErrorKind::TooManyRequests: return "TooManyRequests";
    case ErrorKind::ConnectionRefused: return "ConnectionRefused";
    case ErrorKind::DNSLookupFailed: return "DNSLookupFailed";
    case ErrorKind::TimedOut: return "TimedOut";
    case ErrorKind::ConnectionClosed: return "ConnectionClosed";
    case ErrorKind::TooLarge: return "TooLarge";
    case ErrorKind::Protocol: return "Protocol";
    case ErrorKind::Tls: return "Tls";
    case ErrorKind::Server: return "Server";
    case ErrorKind::Cancelled: return "Cancelled";
  }
  return "Unknown";
}

}  // namespace lastgood
