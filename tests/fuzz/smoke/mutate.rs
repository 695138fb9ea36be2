//! Mutations that need no knowledge of the input: bits, bytes, blocks, numbers, pieces of other inputs.

/// Bytes of markup and numbers that parsers like to stumble over.
const WORDS: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\xff\xff\xff\x7f",
    b"-1",
    b"0",
    b"1048576",
    b"1048577",
    b"16384",
    b"4294967296",
    b"99999999999999999999",
    b"1e999",
    b"NaN",
    b"<",
    b">",
    b"/>",
    b"</",
    b"\"",
    b"&",
    b"&#0;",
    b"&#xD800;",
    b"_x0000_",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"<!DOCTYPE x [<!ENTITY y \"z\">]>",
    b"r=\"XFD1048576\"",
    b"t=\"s\"",
    b"\xEF\xBB\xBF",
    b"\xC0\x80",
    b"\xED\xA0\x80",
    b"\n#=#xl/a.xml\n",
    b"../",
    b"\\",
    b"PK\x03\x04",
    b"\\u0000",
    b"*a",
    b"&a ",
    b"<<: ",
    b"- ",
    b": ",
    b"{",
    b"[",
];

/// Draws mutations; the same seed draws the same ones.
pub struct Mutator {
    state: u64,
}

impl Mutator {
    pub fn new(seed: u64) -> Mutator {
        Mutator {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state % bound.max(1) as u64) as usize
    }

    /// A seed, changed in one to eight places.
    pub fn draw(&mut self, seeds: &[&[u8]]) -> Vec<u8> {
        let mut input = seeds[self.below(seeds.len())].to_vec();
        for _ in 0..1 + self.below(8) {
            self.change(&mut input, seeds);
        }
        input
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = (length - start).min(1 << self.below(10));
        start..start + self.below(most + 1)
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &[&[u8]]) {
        let at = self.below(input.len());
        match self.below(8) {
            0 if !input.is_empty() => input[at] ^= 1 << self.below(8),
            1 if !input.is_empty() => input[at] = self.below(256) as u8,
            2 => drop(input.drain(self.range(input.len()))),
            3 => {
                let range = self.range(input.len());
                let piece = input[range].to_vec();
                let times = 1 + self.below(4);
                input.splice(at..at, piece.repeat(times));
            }
            4 => {
                let other = seeds[self.below(seeds.len())];
                let piece = other[self.range(other.len())].to_vec();
                input.splice(at..at, piece);
            }
            5 => {
                let word = WORDS[self.below(WORDS.len())];
                input.splice(at..at, word.iter().copied());
            }
            6 => {
                let word = WORDS[self.below(WORDS.len())];
                let end = (at + word.len()).min(input.len());
                input.splice(at..end, word.iter().copied());
            }
            _ => self.number(input, at),
        }
    }

    /// Another number in the place of a run of digits behind `at`.
    fn number(&mut self, input: &mut Vec<u8>, at: usize) {
        let Some(digit) = input[at..].iter().position(u8::is_ascii_digit) else {
            return;
        };
        let start = at + digit;
        let digits = input[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let number = match self.below(4) {
            0 => self.below(20) as u64,
            1 => 1 << self.below(64),
            2 => (1 << self.below(63)) - 1,
            _ => self.state,
        };
        input.splice(start..start + digits, number.to_string().into_bytes());
    }
}
