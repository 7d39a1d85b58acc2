// Reads a whole collection in pages, so that no response is too large.
// See "Retrieving large results sets in chunks" in
// https://kubernetes.io/docs/reference/using-api/api-concepts/
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "base/time.hpp"
#include "kube/paths.hpp"
#include "kube/watch_event.hpp"
#include "ports/kube_api.hpp"

namespace lastgood::runtime {

inline constexpr int page_size = 500;  // objects
// A server that returns a continue token again and again must not fill the memory.
inline constexpr std::size_t max_listed_objects = 500'000;

// All objects of the collection (kube::collection_path) that `options` select, in one ListPage
// without a continue token. `timeout` is for each page. Returns the error of the first page that
// fails: for example Expired, if the server has compacted the version of the first page meanwhile.
template <class T>
boost::asio::awaitable<Result<kube::ListPage<T>>> read_list(ports::KubeApi& kube,
                                                            std::string collection,
                                                            kube::ListOptions options,
                                                            Duration timeout) {
  options.limit = page_size;
  kube::ListPage<T> list;
  for (;;) {
    auto body = co_await kube.call(kube::list_call(collection, options), timeout);
    auto page = body ? kube::parse_list<T>(std::move(*body)) : std::unexpected(body.error());
    if (!page) co_return std::unexpected(page.error());
    std::ranges::move(page->items, std::back_inserter(list.items));
    std::ranges::move(page->unreadable, std::back_inserter(list.unreadable));
    list.version = std::move(page->version);
    if (list.items.size() > max_listed_objects)
      co_return fail(ErrorKind::Protocol, "the list has more objects than the limit of 500,000");
    if (page->continue_.empty()) co_return list;
    options.continue_ = std::move(page->continue_);
  }
}

}  // namespace lastgood::runtime
