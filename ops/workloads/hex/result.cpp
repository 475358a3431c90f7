#include "ops/workloads/hex/result.hpp"

#include "ops/workloads/hex/failure.hpp"
#include "ops/workloads/hex/files.hpp"

namespace ringrift::hex {

Output::Output(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (!error) std::filesystem::remove(folder_ / "result.json", error);
    if (error) throw Failure("cannot use folder " + folder_.string() + ": " + error.message());
}

void Output::add_file(const std::string& name, std::string_view bytes,
                      const boost::json::object& counts) {
    write_file(folder_ / name, bytes);
    boost::json::object entry{{"name", name}, {"sha256", sha256(bytes)}, {"bytes", bytes.size()}};
    for (const auto& [key, value] : counts) entry[key] = value;
    files_.push_back(std::move(entry));
}

void Output::finish(boost::json::object facts) {
    facts["files"] = std::move(files_);
    write_file(folder_ / "result.json", boost::json::serialize(facts) + "\n");
}

}  // namespace ringrift::hex
