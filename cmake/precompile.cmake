# Precompiled headers of other projects: they halve the time of a build from nothing. Headers of
# Lastgood are never among them. Other presets and the check headers_compile build without
# precompiled headers, so a missing #include is still found.
set(standard_headers <algorithm> <array> <chrono> <cstdint> <expected> <functional> <map> <memory>
                     <optional> <set> <span> <string> <string_view> <utility> <variant> <vector>)
set(library_headers <fmt/chrono.h> <fmt/format.h> <fmt/ranges.h> <nlohmann/json.hpp>)
set(network_headers <boost/asio/any_io_executor.hpp> <boost/asio/awaitable.hpp>
                    <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp>
                    <boost/asio/redirect_error.hpp> <boost/asio/steady_timer.hpp>
                    <boost/asio/use_awaitable.hpp>)

# lastgood_precompiled_headers(NAME [OPTION...] [HEADERS HEADER...]): compiles the headers once, with
# the compiler options OPTION, for the targets that lastgood_use_precompiled_headers names.
function(lastgood_precompiled_headers name)
  cmake_parse_arguments(ARG "" "" "OPTIONS;HEADERS;LINK" ${ARGN})
  if(NOT LASTGOOD_PRECOMPILE)
    return()
  endif()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(${name} OBJECT ${source})
  target_link_libraries(${name} PRIVATE lastgood_build_flags ${ARG_LINK})
  # With a time in the precompiled headers, ccache would never find a result.
  target_compile_options(${name} PRIVATE ${ARG_OPTIONS} "SHELL:-Xclang -fno-pch-timestamp")
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()

# lastgood_use_precompiled_headers(TARGET NAME)
function(lastgood_use_precompiled_headers target name)
  get_target_property(type ${target} TYPE)
  if(LASTGOOD_PRECOMPILE AND NOT type STREQUAL "INTERFACE_LIBRARY")
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()

# The rules are compiled with optimization, see controller/CMakeLists.txt.
lastgood_precompiled_headers(lastgood_pch_rules OPTIONS $<$<CONFIG:Debug>:-O1>
                             HEADERS ${standard_headers} ${library_headers} LINK spdlog::spdlog)
lastgood_precompiled_headers(lastgood_pch_io
                             HEADERS ${standard_headers} ${library_headers} ${network_headers}
                             LINK spdlog::spdlog Boost::headers Threads::Threads)
