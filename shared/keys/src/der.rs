//! The few shapes of DER (ITU-T X.690) that KMS answers with, read strictly: one encoding for one value, and
//! nothing after it.

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// `AlgorithmIdentifier { id-ecPublicKey, prime256v1 }` (RFC 5480, section 2.1.1), without its own header.
const P256_IDENTIFIER: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07,
];

/// `AlgorithmIdentifier { rsaEncryption, NULL }` (RFC 3279, section 2.3.1), without its own header.
const RSA_IDENTIFIER: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// What is wrong with some DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the DER that was expected: {0}")]
pub(crate) struct DerDefect(&'static str);

/// A public key as `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7) holds it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SubjectPublicKey<'a> {
    P256 { x: [u8; 32], y: [u8; 32] },
    Rsa { n: &'a [u8], e: &'a [u8] },
}

/// Turns `Ecdsa-Sig-Value { r, s }` (RFC 3279, section 2.2.3) of P-256 into r and s side by side, 32 bytes each,
/// as JOSE wants them (RFC 7518, section 3.4).
pub(crate) fn ecdsa_to_jose(der: &[u8]) -> Result<[u8; 64], DerDefect> {
    let mut outer = Reader(der);
    let mut pair = Reader(outer.element(SEQUENCE)?);
    outer.end()?;
    let r = pair.unsigned_integer()?;
    let s = pair.unsigned_integer()?;
    pair.end()?;

    let mut jose = [0; 64];
    let (left, right) = jose.split_at_mut(32);
    place_at_the_end(r, left)?;
    place_at_the_end(s, right)?;
    Ok(jose)
}

fn place_at_the_end(number: &[u8], room: &mut [u8]) -> Result<(), DerDefect> {
    let start =
        room.len().checked_sub(number.len()).ok_or(DerDefect("a number longer than the curve's order"))?;
    room[start..].copy_from_slice(number);
    Ok(())
}

/// Reads `SubjectPublicKeyInfo` of the two kinds of key that sign our tokens.
pub(crate) fn subject_public_key(der: &[u8]) -> Result<SubjectPublicKey<'_>, DerDefect> {
    let mut outer = Reader(der);
    let mut info = Reader(outer.element(SEQUENCE)?);
    outer.end()?;
    let identifier = info.element(SEQUENCE)?;
    let bits = info.element(BIT_STRING)?;
    info.end()?;
    let key = bits.strip_prefix(&[0]).ok_or(DerDefect("a public key of a broken number of bytes"))?;
    match identifier {
        P256_IDENTIFIER => p256_point(key),
        RSA_IDENTIFIER => rsa_public_key(key),
        _ => Err(DerDefect("neither a P-256 nor an RSA key")),
    }
}

/// The private scalar of a P-256 key in `OneAsymmetricKey` (RFC 5958, section 2) around `ECPrivateKey` (RFC 5915,
/// section 3). What may follow it, curve, public half and attributes, is not looked at: who gave us the key gave us
/// its public half too, and the pair is checked.
pub(crate) fn p256_private_scalar(der: &[u8]) -> Result<&[u8], DerDefect> {
    let mut outer = Reader(der);
    let mut info = Reader(outer.element(SEQUENCE)?);
    outer.end()?;
    if !matches!(info.element(INTEGER)?, [0 | 1]) {
        return Err(DerDefect("another version of a private key"));
    }
    if info.element(SEQUENCE)? != P256_IDENTIFIER {
        return Err(DerDefect("not a P-256 private key"));
    }
    let mut wrapper = Reader(info.element(OCTET_STRING)?);
    let mut key = Reader(wrapper.element(SEQUENCE)?);
    wrapper.end()?;
    if key.element(INTEGER)? != [1] {
        return Err(DerDefect("another version of an EC private key"));
    }
    match key.element(OCTET_STRING)? {
        scalar if scalar.len() == 32 => Ok(scalar),
        _ => Err(DerDefect("a scalar that is not 32 bytes long")),
    }
}

/// The uncompressed form of a point (SEC 1, section 2.3.3).
fn p256_point(point: &[u8]) -> Result<SubjectPublicKey<'_>, DerDefect> {
    const DEFECT: DerDefect = DerDefect("not an uncompressed point of P-256");
    let coordinates = point.strip_prefix(&[4]).ok_or(DEFECT)?;
    let (x, y) = coordinates.split_at_checked(32).ok_or(DEFECT)?;
    Ok(SubjectPublicKey::P256 { x: x.try_into().map_err(|_| DEFECT)?, y: y.try_into().map_err(|_| DEFECT)? })
}

/// `RSAPublicKey { modulus, publicExponent }` (RFC 8017, appendix A.1.1).
fn rsa_public_key(der: &[u8]) -> Result<SubjectPublicKey<'_>, DerDefect> {
    let mut outer = Reader(der);
    let mut pair = Reader(outer.element(SEQUENCE)?);
    outer.end()?;
    let n = pair.unsigned_integer()?;
    let e = pair.unsigned_integer()?;
    pair.end()?;
    Ok(SubjectPublicKey::Rsa { n, e })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn element(&mut self, tag: u8) -> Result<&'a [u8], DerDefect> {
        if self.byte()? != tag {
            return Err(DerDefect("another type of value"));
        }
        let length = self.length()?;
        self.bytes(length)
    }

    /// A positive number in its shortest form, without the zero that only keeps it positive.
    fn unsigned_integer(&mut self) -> Result<&'a [u8], DerDefect> {
        match self.element(INTEGER)? {
            [] => Err(DerDefect("a number without bytes")),
            [0] => Err(DerDefect("a number that is zero")),
            [0, next, ..] if *next < 0x80 => Err(DerDefect("a number with needless zeros")),
            [0, number @ ..] => Ok(number),
            [first, ..] if *first >= 0x80 => Err(DerDefect("a negative number")),
            number => Ok(number),
        }
    }

    fn length(&mut self) -> Result<usize, DerDefect> {
        match self.byte()? {
            short @ 0..=0x7f => Ok(usize::from(short)),
            0x81 => match self.byte()? {
                length @ 0x80.. => Ok(usize::from(length)),
                _ => Err(DerDefect("a length that is not in its shortest form")),
            },
            0x82 => {
                let length = u16::from_be_bytes([self.byte()?, self.byte()?]);
                if length < 0x100 {
                    return Err(DerDefect("a length that is not in its shortest form"));
                }
                Ok(usize::from(length))
            }
            _ => Err(DerDefect("a length that no key of ours has")),
        }
    }

    fn byte(&mut self) -> Result<u8, DerDefect> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], DerDefect> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(DerDefect("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn end(&self) -> Result<(), DerDefect> {
        if self.0.is_empty() { Ok(()) } else { Err(DerDefect("something follows after its end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn signature(r: &[u8], s: &[u8]) -> Vec<u8> {
        let length = |bytes: &[u8]| u8::try_from(bytes.len()).expect("short");
        let mut content = vec![INTEGER, length(r)];
        content.extend_from_slice(r);
        content.extend_from_slice(&[INTEGER, length(s)]);
        content.extend_from_slice(s);
        let mut der = vec![SEQUENCE, length(&content)];
        der.extend_from_slice(&content);
        der
    }

    #[test]
    fn numbers_of_32_bytes_are_taken_as_they_are() {
        let jose = ecdsa_to_jose(&signature(&[0x11; 32], &[0x22; 32])).expect("DER");
        assert_eq!(jose[..32], [0x11; 32]);
        assert_eq!(jose[32..], [0x22; 32]);
    }

    #[test]
    fn short_numbers_are_padded_on_the_left() {
        let jose = ecdsa_to_jose(&signature(&[0x7f], &[0x01, 0x02])).expect("DER");
        assert_eq!(jose[..31], [0; 31]);
        assert_eq!(jose[31], 0x7f);
        assert_eq!(jose[32..62], [0; 30]);
        assert_eq!(jose[62..], [0x01, 0x02]);
    }

    #[test]
    fn the_zero_before_a_high_bit_is_dropped() {
        let mut padded = [0xff; 33];
        padded[0] = 0;
        let jose = ecdsa_to_jose(&signature(&padded, &padded)).expect("DER");
        assert_eq!(jose, [0xff; 64]);
    }

    #[test]
    fn every_other_encoding_of_a_signature_is_refused() {
        let mut too_long = [0x11; 33];
        too_long[0] = 0x01;
        let trailing = [signature(&[1], &[1]), vec![0]].concat();
        let mut long_form = signature(&[1], &[1]);
        long_form.insert(1, 0x81);
        let cases: [(&str, Vec<u8>); 11] = [
            ("nothing", vec![]),
            ("a needless zero", signature(&[0, 0x11], &[1])),
            ("zero", signature(&[0], &[1])),
            ("no bytes", signature(&[], &[1])),
            ("negative", signature(&[0x80], &[1])),
            ("33 bytes", signature(&too_long, &[1])),
            ("something after the end", trailing),
            ("a long length for a short one", long_form),
            ("an indefinite length", vec![SEQUENCE, 0x80, INTEGER, 1, 1, INTEGER, 1, 1, 0, 0]),
            ("cut off", signature(&[0x11; 32], &[0x22; 32])[..60].to_vec()),
            ("one number only", vec![SEQUENCE, 3, INTEGER, 1, 1]),
        ];
        for (name, der) in cases {
            assert!(ecdsa_to_jose(&der).is_err(), "{name}");
        }
    }

    #[test]
    fn the_public_keys_that_openssl_writes_are_read() {
        assert!(matches!(subject_public_key(fixtures::P256_SPKI), Ok(SubjectPublicKey::P256 { .. })));
        let Ok(SubjectPublicKey::Rsa { n, e }) = subject_public_key(fixtures::RSA_SPKI) else {
            panic!("an RSA key");
        };
        assert_eq!((n.len(), e), (256, [1, 0, 1].as_slice()));
    }

    #[test]
    fn the_private_scalar_of_what_openssl_writes_is_found_and_of_nothing_else() {
        let scalar = p256_private_scalar(fixtures::P256_PKCS8).expect("a P-256 key");
        assert_eq!((scalar[0], scalar[31]), (0xaa, 0x5d));
        assert!(p256_private_scalar(fixtures::RSA_PKCS8).is_err());
        assert!(p256_private_scalar(fixtures::P256_SPKI).is_err());
        for end in 0..fixtures::P256_PKCS8.len() {
            assert!(p256_private_scalar(&fixtures::P256_PKCS8[..end]).is_err(), "{end} bytes");
        }
    }

    #[test]
    fn no_cut_of_a_public_key_is_read_as_one() {
        for spki in [fixtures::P256_SPKI, fixtures::RSA_SPKI] {
            for end in 0..spki.len() {
                assert!(subject_public_key(&spki[..end]).is_err(), "{end} bytes");
            }
            assert!(subject_public_key(&[spki, &[0]].concat()).is_err(), "one byte more");
        }
    }
}
