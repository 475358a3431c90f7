#include "ops/print_log.hpp"

#include "bus/codec.hpp"

namespace ringrift::ops {

Exit print_log(const std::filesystem::path& data_folder, const bus::EventFilter& filter,
               std::ostream& out) {
    constexpr std::size_t at_once = 1000;
    const std::filesystem::path file = data_folder / "events.db";
    if (!std::filesystem::exists(file)) {
        return {ExitCode::data_dir_unusable,
                "there is no log in " + data_folder.string() +
                    "; name the folder that was given to 'ringrift up --data'"};
    }
    bus::NewsBoard news;
    auto reader = bus::SqliteReader::open(file.string(), news);
    if (!reader) return {ExitCode::data_dir_unusable, reader.error().sentence};
    for (bus::Position after = 0;;) {
        const auto batch = (*reader)->read_filtered(after, filter, at_once);
        if (!batch) return {ExitCode::data_dir_unusable, (*reader)->trouble()};
        if (batch->empty()) return {ExitCode::ok, ""};
        for (const bus::Recorded& recorded : *batch) out << bus::encode(recorded.event) << '\n';
        after = batch->back().position;
    }
}

}  // namespace ringrift::ops
