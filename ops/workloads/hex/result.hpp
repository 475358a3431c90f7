// `result.json`: a job's evidence, written last, so that its existence means that the job is done.
//
// All numbers are integers. The files it names are in the same folder and were written before it.
#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <string>
#include <string_view>

namespace ringrift::hex {

/// The folder a job leaves its files in.
class Output {
  public:
    /// Creates `folder` and takes away a result of an earlier attempt. Throws Failure.
    explicit Output(std::filesystem::path folder);

    /// Writes `name` and lists it. `counts` joins its entry: {"games": N} says that these are games
    /// to learn from, which only selfplay may say. Throws Failure.
    void add_file(const std::string& name, std::string_view bytes,
                  const boost::json::object& counts = {});

    /// Writes `result.json` from `facts` and the files so far. Throws Failure.
    void finish(boost::json::object facts);

  private:
    std::filesystem::path folder_;
    boost::json::array files_;
};

}  // namespace ringrift::hex
