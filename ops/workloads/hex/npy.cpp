#include <cctype>
#include <charconv>

#include "ops/workloads/hex/failure.hpp"
#include "ops/workloads/hex/npz.hpp"

namespace ringrift::hex {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view npy_magic = "\x93NUMPY\x01\x00"sv;
constexpr std::size_t header_alignment = 64;
constexpr std::size_t dimensions_max = 8;

std::string_view type_name(ElementType type) {
    return type == ElementType::float32 ? "<f4" : "<i8";
}

std::int64_t bytes_per_element(ElementType type) {
    return type == ElementType::float32 ? 4 : 8;
}

/// The text after `key` in the header's dictionary, without leading spaces.
std::string_view value_after(std::string_view header, std::string_view key) {
    const auto found = header.find(key);
    if (found == std::string_view::npos) throw Failure("its header lacks " + std::string(key));
    header.remove_prefix(found + key.size());
    while (!header.empty() && header.front() == ' ') header.remove_prefix(1);
    return header;
}

ElementType parse_type(std::string_view header) {
    const auto text = value_after(header, "'descr':").substr(0, 5);
    if (text == "'<f4'") return ElementType::float32;
    if (text == "'<i8'") return ElementType::int64;
    throw Failure("its type is " + std::string(text) + ", not '<f4' or '<i8'");
}

std::vector<std::int64_t> parse_shape(std::string_view header) {
    const auto text = value_after(header, "'shape':");
    const auto end = text.find(')');
    if (!text.starts_with("(") || end == std::string_view::npos)
        throw Failure("its shape is broken");
    std::vector<std::int64_t> shape;
    const char* at = text.data() + 1;
    const char* const last = text.data() + end;
    while (at != last) {
        if (*at == ' ' || *at == ',') {
            ++at;
            continue;
        }
        std::int64_t length = 0;
        const auto [rest, error] = std::from_chars(at, last, length);
        if (error != std::errc{} || length < 0 || shape.size() == dimensions_max) {
            throw Failure("its shape is broken");
        }
        shape.push_back(length);
        at = rest;
    }
    return shape;
}

void check_length(const Array& array) {
    // Dividing instead of multiplying: no claimed shape can overflow.
    auto left = static_cast<std::int64_t>(array.bytes.size());
    const bool is_empty = left == 0;
    bool fits = left % bytes_per_element(array.type) == 0;
    left /= bytes_per_element(array.type);
    bool has_zero = false;
    for (const std::int64_t length : array.shape) {
        has_zero = has_zero || length == 0;
        if (length == 0) continue;
        fits = fits && left % length == 0;
        left /= length;
    }
    if (has_zero ? !is_empty : !fits || left != 1) {
        throw Failure("its bytes do not fit its shape; it is cut short or corrupt");
    }
}

}  // namespace

std::string to_npy(const Array& array) {
    std::string header = "{'descr': '" + std::string(type_name(array.type)) +
                         "', 'fortran_order': False, 'shape': (";
    for (const std::int64_t length : array.shape) header += std::to_string(length) + ", ";
    header += "), }";
    const std::size_t prefix = npy_magic.size() + 2;
    while ((prefix + header.size() + 1) % header_alignment != 0) header += ' ';
    header += '\n';
    std::string bytes(npy_magic);
    bytes += static_cast<char>(header.size() & 0xff);
    bytes += static_cast<char>(header.size() >> 8);
    return bytes + header + array.bytes;
}

Array from_npy(std::string_view bytes) {
    const std::size_t prefix = npy_magic.size() + 2;
    if (!bytes.starts_with(npy_magic) || bytes.size() < prefix) {
        throw Failure("it does not begin as version 1 of NumPy's format");
    }
    const auto low = static_cast<unsigned char>(bytes[npy_magic.size()]);
    const auto high = static_cast<unsigned char>(bytes[npy_magic.size() + 1]);
    const std::size_t header_size = low + 256U * high;
    if (bytes.size() - prefix < header_size) throw Failure("its header is cut short");
    const auto header = bytes.substr(prefix, header_size);
    if (!value_after(header, "'fortran_order':").starts_with("False")) {
        throw Failure("it is in Fortran order; save it with numpy.ascontiguousarray");
    }
    Array array{.type = parse_type(header),
                .shape = parse_shape(header),
                .bytes = std::string(bytes.substr(prefix + header_size))};
    check_length(array);
    return array;
}

}  // namespace ringrift::hex
