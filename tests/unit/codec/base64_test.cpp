#include "codec/base64.hpp"

#include <catch2/catch.hpp>

namespace lastgood::codec {

TEST_CASE("base64 encodes and decodes the examples of RFC 4648") {
  struct Row {
    const char* bytes;
    const char* text;
  };
  const Row row = GENERATE(values<Row>({{"", ""},
                                        {"f", "Zg=="},
                                        {"fo", "Zm8="},
                                        {"foo", "Zm9v"},
                                        {"foob", "Zm9vYg=="},
                                        {"fooba", "Zm9vYmE="},
                                        {"foobar", "Zm9vYmFy"},
                                        {"\xff\xfe\xfd", "//79"}}));
  CHECK(encode_base64(row.bytes) == row.text);
  CHECK(decode_base64(row.text) == row.bytes);
}

TEST_CASE("decode_base64 ignores blanks and line breaks") {
  CHECK(decode_base64("Zm9v\r\nYg= =\n") == "foob");
}

TEST_CASE("decode_base64 rejects a text that is not base64") {
  for (const char* text : {"Zg", "Zg=", "Zm8", "Z", "Z===", "Zm9v=", "Zg===", "Zg==Zg==", "Zm9-",
                           "Zh==", "Zm9=", "Zm9v!", "====", "="})
    CHECK_FALSE(decode_base64(text));
}

}  // namespace lastgood::codec
