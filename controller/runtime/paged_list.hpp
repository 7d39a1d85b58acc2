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

// Reads all objects of the collection (kube::collection_path) that `options` select, and passes
// each page to on_page(kube::ListPage<T>). All pages have the version of the first one. `timeout`
// is for each page. Objects that are known are not parsed. Returns the error of the first page that
// fails: for example Expired, if the server has compacted the version of the first page meanwhile.
template <class T, class OnPage>
boost::asio::awaitable<Result<void>> read_pages(ports::KubeApi& kube, std::string collection,
                                                kube::ListOptions options, Duration timeout,
                                                OnPage on_page, kube::IsKnown is_known = {}) {
  options.limit = page_size;
  for (std::size_t objects = 0;;) {
    auto body = co_await kube.call(kube::list_call(collection, options), timeout);
    auto page =
        body ? kube::parse_list<T>(std::move(*body), is_known) : std::unexpected(body.error());
    if (!page) co_return std::unexpected(page.error());
    objects += page->items.size() + page->known.size();
    if (objects > max_listed_objects)
      co_return fail(ErrorKind::Protocol, "the list has more objects than the limit of 500,000");
    options.continue_ = page->continue_;
    on_page(std::move(*page));
    if (options.continue_.empty()) co_return Result<void>{};
  }
}

// Like read_pages(), but returns all objects in one ListPage without a continue token.
template <class T>
boost::asio::awaitable<Result<kube::ListPage<T>>> read_list(ports::KubeApi& kube,
                                                            std::string collection,
                                                            kube::ListOptions options,
                                                            Duration timeout) {
  kube::ListPage<T> list;
  const auto append = [&list](kube::ListPage<T> page) {
    std::ranges::move(page.items, std::back_inserter(list.items));
    std::ranges::move(page.unreadable, std::back_inserter(list.unreadable));
    list.version = std::move(page.version);
  };
  const auto read = co_await read_pages<T>(kube, std::move(collection), options, timeout, append);
  if (!read) co_return std::unexpected(read.error());
  co_return list;
}

}  // namespace lastgood::runtime
