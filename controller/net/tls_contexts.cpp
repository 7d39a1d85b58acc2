#include "net/tls_contexts.hpp"

#include <algorithm>
#include <utility>

namespace lastgood::net {

Result<std::shared_ptr<TlsContext>> TlsContexts::get(api::TlsSettings settings) {
  settings.server_name.clear();
  const auto found = std::ranges::find(entries_, settings, &Entry::settings);
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
    return entries_.front().context;
  }
  auto made = TlsContext::from(settings);
  if (!made) return made;
  entries_.push_front({.settings = std::move(settings), .context = *made});
  if (entries_.size() > limit_) entries_.pop_back();
  return made;
}

}  // namespace lastgood::net
