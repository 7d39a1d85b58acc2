# CMake includes this file after project(). It compiles the instrumented copies instead of their
# sources, and adds the switches to the tests.
#   MUTATE_LIBRARIES  the targets whose sources have copies
#   MUTATE_TESTS      the target of the tests
#   MUTATE_SOURCES    the folder of the sources
#   MUTATE_COPIES     the folder of the copies, with the same paths in it
set(mutate_runtime ${CMAKE_CURRENT_LIST_DIR})

function(mutate_targets)
  target_sources(${MUTATE_TESTS} PRIVATE ${mutate_runtime}/mutant.cpp)
  foreach(library IN LISTS MUTATE_LIBRARIES)
    get_target_property(sources ${library} SOURCES)
    set(replaced)
    foreach(source IN LISTS sources)
      cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${MUTATE_SOURCES} OUTPUT_VARIABLE name)
      if(EXISTS ${MUTATE_COPIES}/${name})
        set(source ${MUTATE_COPIES}/${name})
      endif()
      list(APPEND replaced ${source})
    endforeach()
    set_property(TARGET ${library} PROPERTY SOURCES ${replaced})
    target_include_directories(${library} PRIVATE ${mutate_runtime})
  endforeach()
endfunction()
cmake_language(DEFER CALL mutate_targets)
