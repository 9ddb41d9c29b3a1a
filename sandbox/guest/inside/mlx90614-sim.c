// SPDX-License-Identifier: GPL-2.0
/*
 * An I2C bus with one MLX90614 on it that checks and answers packet error codes itself (SMBus 3.2, 6.4; Melexis
 * 3901090614, 8.4). i2c-stub has words and no packets; here the kernel's own SMBus layer makes the packets and checks them.
 */
#include <linux/i2c.h>
#include <linux/module.h>

#define ADDRESS 0x5a
#define EEPROM 0x20

static unsigned short ram[32], eeprom[32];
module_param_array(ram, ushort, NULL, 0644);
module_param_array(eeprom, ushort, NULL, 0644);

static int bus = 2;
module_param(bus, int, 0444);
MODULE_PARM_DESC(bus, "number of the bus: /dev/i2c-N");
static int fault;
module_param(fault, int, 0644);
MODULE_PARM_DESC(fault, "errno that every transfer ends with; 0: none");
static int corrupt;
module_param(corrupt, int, 0644);
MODULE_PARM_DESC(corrupt, "so many of the next answers carry a wrong packet error code");
static int garble;
module_param(garble, int, 0644);
MODULE_PARM_DESC(garble, "so many of the next writes lose a bit on the way");
static unsigned int reads, writes, refused;
module_param(reads, uint, 0644);
module_param(writes, uint, 0644);
module_param(refused, uint, 0644);
MODULE_PARM_DESC(refused, "writes that were not acknowledged, for their packet error code was wrong");

static u8 crc8(u8 crc, const u8 *data, int count)
{
	int bit;

	while (count--) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 0x80 ? crc << 1 ^ 0x07 : crc << 1;
	}
	return crc;
}

static unsigned short *cell(u8 command)
{
	if ((command & 0xe0) == 0)
		return &ram[command & 0x1f];
	return (command & 0xe0) == EEPROM ? &eeprom[command & 0x1f] : NULL;
}

static int answer(u8 command, struct i2c_msg *to)
{
	const u8 head[] = { ADDRESS << 1, command, ADDRESS << 1 | 1 };
	const unsigned short *word = cell(command);
	u8 packet[3] = { 0xff, 0xff, 0xff };
	int at;

	if (!word)
		return -EREMOTEIO;
	packet[0] = *word & 0xff;
	packet[1] = *word >> 8;
	packet[2] = crc8(crc8(0, head, 3), packet, 2);
	if (corrupt > 0) {
		corrupt--;
		packet[2] ^= 0x01;
	}
	for (at = 0; at < to->len; at++)
		to->buf[at] = at < 3 ? packet[at] : 0xff;
	reads++;
	return 0;
}

/* Command, low byte, high byte, packet error code. A cell that was not erased keeps the ones it had. */
static int take(const struct i2c_msg *from)
{
	const u8 head = ADDRESS << 1;
	unsigned short word;
	u8 packet[4];

	if (from->len != 4)
		return -EREMOTEIO;
	memcpy(packet, from->buf, 4);
	if (garble > 0) {
		garble--;
		packet[2] ^= 0x10;
	}
	if (crc8(crc8(0, &head, 1), packet, 3) != packet[3]) {
		refused++;
		return -EREMOTEIO;
	}
	if ((packet[0] & 0xe0) != EEPROM)
		return -EREMOTEIO;
	word = packet[1] | packet[2] << 8;
	eeprom[packet[0] & 0x1f] = word ? eeprom[packet[0] & 0x1f] | word : 0;
	writes++;
	return 0;
}

static int transfer(struct i2c_adapter *adapter, struct i2c_msg *msgs, int count)
{
	int done;

	if (READ_ONCE(fault))
		return -READ_ONCE(fault);
	if (msgs[0].addr != ADDRESS)
		return -EREMOTEIO;
	if (count == 2 && msgs[0].len == 1 && msgs[1].addr == ADDRESS && (msgs[1].flags & I2C_M_RD))
		done = answer(msgs[0].buf[0], &msgs[1]);
	else if (count == 1 && !(msgs[0].flags & I2C_M_RD))
		done = msgs[0].len ? take(&msgs[0]) : 0;
	else
		done = -EREMOTEIO;
	return done ? done : count;
}

static u32 functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
}

static const struct i2c_algorithm algorithm = {
	.master_xfer = transfer,
	.functionality = functionality,
};

static struct i2c_adapter adapter = {
	.owner = THIS_MODULE,
	.algo = &algorithm,
	.name = "SMBus with an MLX90614",
};

static int __init sim_init(void)
{
	adapter.nr = bus;
	return i2c_add_numbered_adapter(&adapter);
}

static void __exit sim_exit(void)
{
	i2c_del_adapter(&adapter);
}

module_init(sim_init);
module_exit(sim_exit);
MODULE_DESCRIPTION("A thermometer that checks packets");
MODULE_LICENSE("GPL");
