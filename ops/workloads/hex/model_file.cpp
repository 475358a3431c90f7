#include "ops/workloads/hex/model_file.hpp"

#include <bit>
#include <cstring>

#include "ops/workloads/hex/failure.hpp"
#include "ops/workloads/hex/files.hpp"

static_assert(std::endian::native == std::endian::little, "the file's byte order is the machine's");

namespace ringrift::hex {
namespace {

constexpr std::string_view magic = "RRHEXNET";
constexpr std::uint32_t version = 1;
constexpr std::size_t checksum_size = 64;  // As hexadecimal text, which a person can compare.

void put(std::string& bytes, std::uint32_t number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put(std::string& bytes, const float* data, Eigen::Index rows, Eigen::Index columns) {
    put(bytes, static_cast<std::uint32_t>(rows));
    put(bytes, static_cast<std::uint32_t>(columns));
    bytes.append(reinterpret_cast<const char*>(data),
                 static_cast<std::size_t>(rows * columns) * sizeof(float));
}

/// Takes bytes off the front, never more than there are.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : left_(bytes) {}

    std::string_view take(std::size_t count) {
        if (count > left_.size()) throw Failure("it is cut short");
        const auto taken = left_.substr(0, count);
        left_.remove_prefix(count);
        return taken;
    }
    std::uint32_t number() {
        std::uint32_t result = 0;
        std::memcpy(&result, take(sizeof result).data(), sizeof result);
        return result;
    }
    void tensor(float* data, Eigen::Index rows, Eigen::Index columns) {
        if (number() != rows || number() != columns) {
            throw Failure("its layers have other shapes than this program's; train it anew");
        }
        const auto size = static_cast<std::size_t>(rows * columns) * sizeof(float);
        std::memcpy(data, take(size).data(), size);
    }
    bool is_empty() const { return left_.empty(); }

  private:
    std::string_view left_;
};

Network parse_model(std::string_view bytes, Config config) {
    if (bytes.empty()) throw Failure("it is empty");
    if (!bytes.starts_with(magic)) throw Failure("it is not a model of ringrift-hex");
    if (bytes.size() < magic.size() + checksum_size) throw Failure("it is cut short");
    const auto content = bytes.substr(0, bytes.size() - checksum_size);
    if (sha256(content) != bytes.substr(content.size())) {
        throw Failure("its checksum does not match; it is cut short or corrupt");
    }
    Reader reader(content.substr(magic.size()));
    if (reader.number() != version) throw Failure("its format is of another version than 1");
    const std::string name(reader.take(reader.number()));
    if (name != config.name()) throw Failure("it is a model for " + name);
    Network network = zero_network(config);
    if (reader.number() != tensors(network).size()) throw Failure("its layers differ in number");
    for (Dense* layer : network.layers()) {
        reader.tensor(layer->weights.data(), layer->weights.rows(), layer->weights.cols());
        reader.tensor(layer->bias.data(), layer->bias.size(), 1);
        if (!layer->weights.allFinite() || !layer->bias.allFinite()) {
            throw Failure("it holds weights that are not finite numbers");
        }
    }
    if (!reader.is_empty()) throw Failure("it has bytes behind its end");
    return network;
}

}  // namespace

std::string to_bytes(const Network& network) {
    std::string bytes(magic);
    put(bytes, version);
    put(bytes, static_cast<std::uint32_t>(network.config.name().size()));
    bytes += network.config.name();
    put(bytes, static_cast<std::uint32_t>(tensors(network).size()));
    for (const Dense* layer : network.layers()) {
        put(bytes, layer->weights.data(), layer->weights.rows(), layer->weights.cols());
        put(bytes, layer->bias.data(), layer->bias.size(), 1);
    }
    return bytes + sha256(bytes);
}

Model load_model(const std::string& name, Config config) {
    if (name == initial_model) {
        return {.network = initial_network(config), .digest = std::string(initial_model)};
    }
    if (name.empty()) throw Failure("no model is named; name a model file, or init");
    const std::string bytes = read_file(name);
    try {
        return {.network = parse_model(bytes, config), .digest = sha256(bytes)};
    } catch (const Failure& failure) {
        throw Failure("cannot play " + config.name() + " with " + name + ": " + failure.what() +
                      "; fetch it again, or name init");
    }
}

}  // namespace ringrift::hex
