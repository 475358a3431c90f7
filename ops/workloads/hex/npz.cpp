#include "ops/workloads/hex/npz.hpp"

#include <zip.h>

#include <memory>

#include "ops/workloads/hex/failure.hpp"

namespace ringrift::hex {
namespace {

constexpr zip_uint16_t dos_date = (1 << 5) | 1;  // 1980-01-01, the first day a zip can name.
constexpr zip_uint64_t entry_bytes_max = zip_uint64_t{1} << 30;  // Against zips that explode.
constexpr zip_int64_t entries_max = 64;
constexpr std::string_view suffix = ".npy";

/// Archives that are being read, or given up, are discarded; only `to_npz` closes one.
struct Discard {
    void operator()(zip_t* archive) const { zip_discard(archive); }
    void operator()(zip_source_t* source) const { zip_source_free(source); }
    void operator()(zip_file_t* file) const { zip_fclose(file); }
};
template <class T>
using Owned = std::unique_ptr<T, Discard>;

void check(bool ok, const std::string& what) {
    if (!ok) throw Failure("libzip cannot " + what);
}

Owned<zip_source_t> source_of(std::string_view bytes) {
    Owned<zip_source_t> source(zip_source_buffer_create(bytes.data(), bytes.size(), 0, nullptr));
    check(source != nullptr, "keep an archive in memory");
    zip_source_keep(source.get());  // Opening an archive takes one reference; we keep the other.
    return source;
}

void add_entry(zip_t* archive, const std::string& name, const std::string& bytes) {
    zip_source_t* entry = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    check(entry != nullptr, "add " + name);
    const zip_int64_t index = zip_file_add(archive, name.c_str(), entry, ZIP_FL_ENC_UTF_8);
    if (index < 0) zip_source_free(entry);
    check(index >= 0, "add " + name);
    const auto added = static_cast<zip_uint64_t>(index);
    check(zip_set_file_compression(archive, added, ZIP_CM_DEFLATE, 1) == 0, "compress " + name);
    check(zip_file_set_dostime(archive, added, 0, dos_date, 0) == 0, "date " + name);
}

std::string all_bytes(zip_source_t* source) {
    zip_stat_t stat;
    check(zip_source_stat(source, &stat) == 0 && zip_source_open(source) == 0, "read back");
    std::string bytes(stat.size, '\0');
    check(
        zip_source_read(source, bytes.data(), bytes.size()) == static_cast<zip_int64_t>(stat.size),
        "read back what it wrote");
    zip_source_close(source);
    return bytes;
}

std::string read_entry(zip_t* archive, zip_uint64_t index, const std::string& name,
                       zip_uint64_t size) {
    if (size > entry_bytes_max) throw Failure("entry " + name + " is larger than 1 GiB");
    const Owned<zip_file_t> file(zip_fopen_index(archive, index, 0));
    if (!file) throw Failure("entry " + name + " cannot be opened; the file is corrupt");
    std::string bytes(size, '\0');
    char beyond = 0;
    // Reading to the end, and one beyond, is what makes libzip compare the checksum.
    if (zip_fread(file.get(), bytes.data(), size) != static_cast<zip_int64_t>(size) ||
        zip_fread(file.get(), &beyond, 1) != 0) {
        throw Failure("entry " + name + " is cut short or corrupt");
    }
    return bytes;
}

}  // namespace

std::string to_npz(const Arrays& arrays) {
    const auto source = source_of({});
    Owned<zip_t> archive(zip_open_from_source(source.get(), ZIP_TRUNCATE, nullptr));
    check(archive != nullptr, "create an archive");
    std::map<std::string, std::string> entries;  // libzip reads these when the archive is closed.
    for (const auto& [name, array] : arrays) {
        const auto entry = entries.emplace(name + std::string(suffix), to_npy(array)).first;
        add_entry(archive.get(), entry->first, entry->second);
    }
    check(zip_close(archive.get()) == 0, "finish an archive");
    static_cast<void>(archive.release());  // Ended by having been closed.
    return all_bytes(source.get());
}

Arrays from_npz(std::string_view bytes) {
    if (bytes.empty()) throw Failure("it is empty");  // libzip takes that for a new archive.
    const auto source = source_of(bytes);
    const Owned<zip_t> archive(zip_open_from_source(source.get(), ZIP_RDONLY, nullptr));
    if (!archive) {
        zip_source_free(source.get());  // The reference that the archive did not take.
        throw Failure("it is not a zip archive, or it is cut short");
    }
    const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
    if (count > entries_max) throw Failure("it has more entries than any of ours");
    Arrays arrays;
    for (zip_uint64_t index = 0; index < static_cast<zip_uint64_t>(count); ++index) {
        zip_stat_t stat;
        check(zip_stat_index(archive.get(), index, 0, &stat) == 0, "read the archive's directory");
        std::string name = stat.name;
        const std::string entry = read_entry(archive.get(), index, name, stat.size);
        if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
        try {
            arrays[name] = from_npy(entry);
        } catch (const Failure& failure) {
            throw Failure("entry " + name + ": " + failure.what());
        }
    }
    return arrays;
}

}  // namespace ringrift::hex
