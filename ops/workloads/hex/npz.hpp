// NumPy's .npz: named arrays in a zip, as `numpy.load` reads them without pickle.
//
// Written deflated, with a fixed time, so the same arrays give the same bytes. Read with suspicion:
// everything that a header claims is checked against the bytes that are there.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ringrift::hex {

enum class ElementType { float32, int64 };

struct Array {
    ElementType type = ElementType::float32;
    std::vector<std::int64_t> shape = {};
    std::string bytes =
        {};  ///< Row-major ("C order"), little-endian; the shape's product elements.

    bool operator==(const Array&) const = default;
};

/// By name, without ".npy".
using Arrays = std::map<std::string, Array>;

std::string to_npz(const Arrays& arrays);

/// Throws Failure with the end of a sentence ("entry policy is cut short"): the caller knows the
/// file.
Arrays from_npz(std::string_view bytes);

/// One array as an .npy file, and back.
std::string to_npy(const Array& array);
Array from_npy(std::string_view bytes);

}  // namespace ringrift::hex
